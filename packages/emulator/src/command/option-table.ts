/** One option of the command. */
export interface OptionRow {
  readonly name: string;
  /** What stands for its value in the usage; none for a switch. */
  readonly value?: string;
  readonly says: string;
  readonly group?: "HTTPS and callers";
}

const secure = "HTTPS and callers";

/** Every option but `--help` and `--version`, in the order of the usage. */
export const optionTable = [
  { name: "port", value: "number", says: "TCP port, 0 for any free one (default: 19080)" },
  { name: "host", value: "address", says: "address to listen on (default: 127.0.0.1)" },
  {
    name: "location",
    value: "dir",
    says: "folder for the files, kept at exit (default: a temporary one, removed at exit)",
  },
  {
    name: "platform",
    value: "kind",
    says: "windows or linux: which kind of gateway to be (default: windows)",
  },
  { name: "api-version-max", value: "version", says: "newest api-version to accept (default: 11.3)" },
  { name: "cluster-id", value: "id", says: "refuse requests with another ClusterId header" },
  {
    name: "image-store-connection-string",
    value: "text",
    says: "where the manifest says packages are (default: fabric:ImageStore, the only one with a service)",
  },
  {
    name: "session-lifetime",
    value: "s",
    says: "seconds a session is kept after its last new chunk (default: 1800)",
  },
  {
    name: "sweep-interval",
    value: "s",
    says: "seconds between two looks for sessions past that (default: 300)",
  },
  { name: "faults", value: "file", says: "what shall go wrong, in JSON; see the README" },
  { name: "quiet", says: "no line per request" },
  { name: "json", says: "one JSON object per line, instead of text for people" },
  { name: "cert", value: "file", says: "certificate of the server, in PEM", group: secure },
  { name: "key", value: "file", says: "its private key, in PEM", group: secure },
  { name: "pfx", value: "file", says: "both in one PKCS #12 file", group: secure },
  {
    name: "passphrase-file",
    value: "file",
    says: "passphrase of the key; or the variable SF_IMAGE_STORE_EMULATOR_PASSPHRASE",
    group: secure,
  },
  {
    name: "client-ca",
    value: "file",
    says: "require client certificates issued by these authorities, in PEM",
    group: secure,
  },
  {
    name: "client-certificate",
    value: "when",
    says: "handshake or late: late asks after the first request head, as gateways do",
    group: secure,
  },
  {
    name: "client-eku",
    value: "usage",
    says: "client or any: any takes client certificates issued for servers only (default: client)",
    group: secure,
  },
  {
    name: "bearer-token-file",
    value: "file",
    says: "require one of these bearer tokens, one per line",
    group: secure,
  },
  {
    name: "bearer-audience",
    value: "text",
    says: "require bearer tokens for this audience; signatures are not checked",
    group: secure,
  },
  {
    name: "entra",
    value: "file",
    says: "what everybody is told of Microsoft Entra ID, in JSON; see the README",
    group: secure,
  },
  {
    name: "cors-origin",
    value: "origin",
    says: "let web pages of this origin use the store, such as http://localhost:5173; may be repeated",
    group: secure,
  },
] as const satisfies readonly OptionRow[];

const own: readonly OptionRow[] = [
  { name: "help", says: "this text" },
  { name: "version", says: "the version" },
];
const width = 28;
const rows: readonly OptionRow[] = optionTable;

/** What `--help` prints. */
export const usage = `Usage: sf-image-store-emulator [options]

Runs a Service Fabric image store on this machine, for development and tests.

Options:
${lines([...rows.filter(({ group }) => group === undefined), ...own])}

HTTPS and callers:
${lines(rows.filter(({ group }) => group !== undefined))}

To look into the store with a browser, open /Explorer.
`;

function lines(options: readonly OptionRow[]): string {
  return options.map((option) => `  ${column(flag(option))} ${option.says}`).join("\n");
}

/** A flag too long for the column has its line to itself. */
function column(text: string): string {
  return text.length > width ? `${text}\n${" ".repeat(width + 2)}` : text.padEnd(width);
}

function flag({ name, value }: OptionRow): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`;
}
