import { receiptPath } from "./receipts.js";
import { newDeliveryBudget, type UploadRun, withRetries } from "./upload-run.js";

/** Loads what only a path that existed before the upload needs. */
export const loadEarlierUploads = () => import("./earlier-uploads.js");

/** The result of writing a receipt. */
export interface ReceiptOutcome {
  /** The store path of the receipt, if any. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The upload is complete nevertheless. */
  readonly receiptFailure: Error | undefined;
}

export const noReceipt: ReceiptOutcome = { receipt: undefined, receiptFailure: undefined };

/**
 * Writes a receipt and deletes those of earlier writes. Never rejects, because an upload is complete without a receipt.
 * @param isReplaced Whether the path existed before and may have receipts.
 */
export async function writeReceipt(
  run: UploadRun,
  storePath: string,
  hashes: { readonly content: string; readonly versions: string },
  isReplaced: boolean,
): Promise<ReceiptOutcome> {
  const receipt = receiptPath(storePath, hashes.content, hashes.versions);
  try {
    await withRetries(
      run,
      () => run.server.putFile(receipt, new Uint8Array(0), 0, run.signal),
      newDeliveryBudget(run),
    );
    if (isReplaced) await (await loadEarlierUploads()).deleteOtherReceipts(run, storePath, receipt);
    return { receipt, receiptFailure: undefined };
  } catch (error) {
    return { receipt: undefined, receiptFailure: error instanceof Error ? error : new Error(String(error)) };
  }
}
