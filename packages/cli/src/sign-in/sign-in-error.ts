/** There is no token to sign in with. The message says what to do. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}
