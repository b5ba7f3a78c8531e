import { operations } from "@sf-image-store/types";
import { expectNoContent } from "./answer.js";
import type { ByteStream, Bytes } from "./bytes.js";
import {
  type ContentSent,
  requestOptions,
  type StorePathOptions,
  sentOption,
  timeoutQuery,
} from "./options.js";
import type { Transport } from "./transport.js";

/** Writes a whole file in one request. */
export async function putContent(
  http: Transport,
  options: StorePathOptions & ContentSent & { readonly content: Bytes | ByteStream },
): Promise<void> {
  const query = { ...timeoutQuery(options), "api-version": operations.UploadFile.apiVersion };
  const params = { path: { contentPath: options.storePath }, query };
  expectNoContent(
    await http.putBytes("UploadFile", {
      ...{ params, bytes: options.content },
      ...requestOptions(options),
      ...sentOption(options),
    }),
  );
}
