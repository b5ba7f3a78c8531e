/** What to upload, where to, and how: the same for the bare loop and for the client. */
export interface UploadInput {
  readonly endpoint: string;
  /** A certificate to trust, in PEM, for https. */
  readonly ca?: string;
  readonly file: string;
  readonly chunkSize: number;
  readonly concurrency: number;
}
