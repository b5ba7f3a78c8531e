import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";
import {
  againstBare,
  type Benchmark,
  medianOf,
  type Result,
  repeat,
  resultOf,
  type Setting,
  type Target,
} from "../benchmark.js";
import { GiB, MiB, sizesOf, sizeText, transfer } from "../files.js";
import {
  figure,
  type Inputs,
  type Server,
  startChild,
  startEmulatorChild,
  startForEach,
  startSecureSinkChild,
  startSinkChild,
} from "../resources.js";

export const throughput: Benchmark = {
  name: "throughput",
  measures: "uploadFile of 1 GiB over plain HTTP, 8 MiB chunks × 4, compared with a bare loop over node:http",
  async run(setting) {
    await using sink = await startSinkChild(setting.signal);
    return [
      await compareUploads(setting, sink, {
        label: "throughput",
        id: "given",
        fetch: "node",
        target: { atLeast: 0.9 },
        note: "with createNodeFetch and a given session id, so nothing is hashed",
      }),
      await compareUploads(setting, sink, {
        label: "throughput, with fingerprint",
        id: "content",
        fetch: "node",
        bare: "bare-hash-upload",
        target: { atLeast: 0.75 },
        note: "by default, the session id is derived from the content; the bare loop first hashes the file on all cores",
      }),
      await compareUploads(setting, sink, {
        label: "throughput, platform's fetch",
        id: "given",
        fetch: "platform",
        note: "without createNodeFetch",
      }),
    ];
  },
};

export const throughputTls: Benchmark = {
  name: "throughput-tls",
  measures: "uploadFile of 1 GiB over TLS, 8 MiB chunks × 4, compared with a bare loop over node:https",
  async run(setting) {
    await using sink = await startSecureSinkChild(setting.signal, makeCertificate());
    return [
      await compareUploads(setting, sink, {
        label: "throughput over TLS",
        id: "given",
        fetch: "node",
        target: { atLeast: 0.9 },
        note: "chunks wait for 100 Continue; the bare loop does not",
      }),
    ];
  },
};

interface Variant extends Pick<Inputs["client-upload"], "id" | "fetch"> {
  readonly label: string;
  /** What to compare with. */
  readonly bare?: "bare-upload" | "bare-hash-upload";
  readonly target?: Target;
  readonly note?: string;
}

/** Compares the client with a bare loop that sends the same requests from the same file to the same server. */
async function compareUploads(
  setting: Setting,
  server: Server,
  { label, target, note, bare: bareName = "bare-upload", ...how }: Variant,
): Promise<Result> {
  const { quick, scratch, signal, say } = setting;
  const size = quick ? 16 * MiB : GiB;
  say(`${label}: making a file of ${sizeText(size)}`);
  const file = await scratch.file(size);
  const { endpoint, ca } = server;
  const input: Inputs["bare-upload"] = { endpoint, file, ...transfer, ...(ca === undefined ? {} : { ca }) };
  await using bare = await startChild(bareName, input, signal);
  await using ours = await startForEach(setting.builds, (build) =>
    startChild("client-upload", { ...input, ...how, build }, signal),
  );
  const measured = await repeat(setting, label, quick ? 1 : 7, (index, build) =>
    againstBare(bare, ours.of(build), index),
  );
  return resultOf(measured, (rounds) => ({
    label,
    value: medianOf(rounds, "ratio"),
    unit: bareName === "bare-upload" ? "of the bare loop's speed" : "of hash-then-send's speed",
    ...(target === undefined ? {} : { target }),
    sizes: sizesOf(size),
    rounds,
    ...(note === undefined ? {} : { note }),
  }));
}

/** Makes a certificate for 127.0.0.1 and its key, in PEM. */
function makeCertificate(): { readonly cert: string; readonly key: string } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const own = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
  certificate.serialNumber = "01";
  const day = 24 * 60 * 60 * 1000;
  certificate.validity.notBefore = new Date(Date.now() - day);
  certificate.validity.notAfter = new Date(Date.now() + day);
  const subject = [{ name: "commonName", value: "benchmark sink" }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
  ]);
  certificate.sign(own, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}

const hashingTarget = { atMost: 0.25 };
/** Bits per second, all of them content. Real lines send a little less, so this makes hashing look worse. */
const line = 1e9;

export const fingerprint: Benchmark = {
  name: "fingerprint",
  measures: "hashing 1 GiB before the upload, compared with the time to send it",
  async run(setting) {
    const { signal } = setting;
    await using sink = await startSinkChild(signal);
    const toSink = await hashing(setting, sink, "fingerprint : to a plain sink");
    await using emulator = await startEmulatorChild(signal);
    const toEmulator = await hashing(setting, emulator, "fingerprint : to the emulator");
    return [toSink, toEmulator, onLine(toSink)];
  },
};

async function hashing(setting: Setting, server: Server, label: string): Promise<Result> {
  const { quick, scratch, signal } = setting;
  const size = quick ? 16 * MiB : GiB;
  const { endpoint } = server;
  const input = {
    endpoint,
    file: await scratch.file(size),
    ...transfer,
    id: "content",
    fetch: "node",
  } as const;
  await using ours = await startForEach(setting.builds, (build) =>
    startChild("client-upload", { ...input, build }, signal),
  );
  const measured = await repeat(setting, label, quick ? 1 : 5, async (_, build) => {
    const figures = await ours.of(build).run();
    // The emulator deletes what arrived, so that the disk does not fill up.
    await server.run();
    return { ...figures, ratio: figure(figures, "hashSeconds") / figure(figures, "sendSeconds") };
  });
  return resultOf(measured, (rounds) => ({
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of the sending time",
    target: hashingTarget,
    sizes: sizesOf(size),
    rounds,
    note: `hashing ${perSecond(size, medianOf(rounds, "hashSeconds"))}, sending ${perSecond(size, medianOf(rounds, "sendSeconds"))}`,
  }));
}

/** Computed from the measured hashing time and the speed of such a line, which we do not have. */
function onLine({ baseline, ...own }: Result): Result {
  const computed = [own, ...(baseline === undefined ? [] : [baseline])].map(({ rounds, sizes }) => {
    const sendSeconds = (figure(sizes, "fileBytes") * 8) / line;
    return rounds.map((round) => {
      const hashSeconds = figure(round, "hashSeconds");
      return { hashSeconds, sendSeconds, ratio: hashSeconds / sendSeconds };
    });
  });
  return resultOf(computed, (rounds) => ({
    label: "fingerprint : over 1 Gbit/s",
    value: medianOf(rounds, "ratio"),
    unit: "of the sending time",
    target: hashingTarget,
    sizes: own.sizes,
    rounds,
    note: "computed from the hashing to the plain sink",
  }));
}

function perSecond(bytes: number, seconds: number): string {
  return `${(bytes / seconds / GiB).toFixed(2)} GiB/s`;
}
