/**
 * Where receipts are, below the root of an image store. The receipts of what is at `App` are empty files in
 * `.sf-image-store-receipts/App`, so that deleting a folder and all of its receipts takes two requests.
 */
export const receiptFolder = ".sf-image-store-receipts";

/** The folder with the receipts of what is at a store path, and of all below it. */
export function receiptsOf(storePath: string): string {
  return `${receiptFolder}/${storePath}`;
}

/** Whether a store path is the folder of receipts, or in it. */
export function isReceiptPath(storePath: string): boolean {
  const [first = ""] = storePath.split(/[/\\]/);
  return first.toLowerCase() === receiptFolder;
}
