/** One thing that a release lets its users write, as a type that is `true` while it holds, and in words. */
export interface Fact {
  readonly type: string;
  readonly words: string;
}
