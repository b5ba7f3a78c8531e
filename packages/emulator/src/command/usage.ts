/** What `--help` prints. */
export const usage = `Usage: sf-image-store-emulator [options]

Runs a Service Fabric image store on this machine, for development and tests.

Options:
  --port <number>              TCP port, 0 for any free one (default: 19080)
  --host <address>             address to listen on (default: 127.0.0.1)
  --location <dir>             folder for the files, kept at exit (default: a temporary one, removed at exit)
  --platform <kind>            windows or linux: which kind of gateway to be (default: windows)
  --api-version-max <version>  newest api-version to accept (default: 8.2)
  --cluster-id <id>            refuse requests with another ClusterId header
  --image-store-connection-string <text>
                               where the manifest says packages are (default: fabric:ImageStore); with anything
                               else there is no image store service
  --session-lifetime <s>       seconds a session is kept after its last new chunk (default: 1800)
  --sweep-interval <s>         seconds between two looks for sessions past that (default: 300)
  --faults <file>              what shall go wrong, in JSON; see the README
  --quiet                      no line per request
  --json                       one JSON object per line, instead of text for people
  --help                       this text
  --version                    the version

HTTPS and callers:
  --cert <file> --key <file>   certificate and private key of the server, in PEM
  --pfx <file>                 both in one PKCS #12 file
  --passphrase-file <file>     passphrase of the key; or the variable SF_IMAGE_STORE_EMULATOR_PASSPHRASE
  --client-ca <file>           require client certificates issued by these authorities, in PEM
  --client-certificate <when>  handshake or late: late asks after the first request head, as gateways do
  --bearer-token-file <file>   require one of these bearer tokens, one per line
  --bearer-audience <text>     require bearer tokens for this audience; signatures are not checked
  --entra <file>               what everybody is told of Microsoft Entra ID, in JSON; see the README
  --cors-origin <origin>       let web pages of this origin use the store, such as http://localhost:5173; may be repeated

A person's view of the store is at /explorer.
`;
