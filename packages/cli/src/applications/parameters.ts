import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { isInvalidInputError } from "@sf-image-store/client/node";
import { UsageError } from "../errors/errors.js";
import { translateInputError } from "../upload/messages.js";

/** Adds the option for the parameters of an application. */
export function addParameterFlag<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return command.option(
    "--parameters <name=value-or-file>",
    "a parameter such as Web_InstanceCount=3, or an ApplicationParameters or Publish Profile file (XML); repeatable, and a value overrides that of the file",
    appendParameter,
  );
}

/** What `--parameters` specifies. */
export interface GivenParameters {
  readonly values: Readonly<Record<string, string>>;
  readonly file?: string | undefined;
}

function appendParameter(text: string, earlier: GivenParameters = { values: {} }): GivenParameters {
  const [, name, value = ""] = /^([\p{L}_][\p{L}\p{N}_.-]*)=(.*)$/su.exec(text) ?? [];
  if (name !== undefined) return { ...earlier, values: { ...earlier.values, [name]: value } };
  if (text === "" || text.includes("="))
    throw new InvalidArgumentError("Use NAME=VALUE, or the path of an XML file.");
  if (earlier.file !== undefined) throw new InvalidArgumentError("Only one file can be used.");
  return { ...earlier, file: text };
}

/** The parameters to send. Undefined if `--parameters` was not used. Throws UsageError if the file cannot be used. */
export async function readParameters(
  given: GivenParameters | undefined,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (given?.file === undefined) return given?.values;
  const { readParametersFile } = await import("@sf-image-store/client/node");
  try {
    return { ...(await readParametersFile(given.file)).parameters, ...given.values };
  } catch (error) {
    throw translateDeployInput(error);
  }
}

/** Flags by the option of the client. */
const flags: Readonly<Record<string, string>> = {
  applicationName: "--name",
  parametersFile: "The file of --parameters",
  destination: "--to",
  typeName: "--type-name",
  typeVersion: "--type-version",
  source: "The source",
};

/** Rewrites the client's input errors in terms of flags. */
export function translateDeployInput(error: unknown): unknown {
  if (!isInvalidInputError(error)) return error;
  const { parameter, message } = error;
  const name =
    flags[parameter] ?? (/^parameters\./.test(parameter) ? `--parameters ${parameter.slice(11)}` : undefined);
  if (name === undefined || !message.startsWith(parameter)) return translateInputError(error);
  const unknownPlatform = ": set the client's gatewayPlatform";
  const hint = "\nPass --gateway-platform windows or --gateway-platform linux.";
  const text = `${name}${message.slice(parameter.length).replace(unknownPlatform, "")}`;
  return new UsageError(message.includes(unknownPlatform) ? `${text}${hint}` : text, { cause: error });
}
