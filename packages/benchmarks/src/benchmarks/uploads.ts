import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";
import {
  againstBare,
  type Benchmark,
  medianOf,
  type Result,
  repeat,
  type Setting,
  type Target,
} from "../benchmark.js";
import {
  figure,
  GiB,
  type Inputs,
  KiB,
  MiB,
  type Server,
  sizesOf,
  sizeText,
  startChild,
  startEmulatorChild,
  startSecureSinkChild,
  startSinkChild,
  transfer,
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
        target: { atLeast: 0.85 },
        note: "with createNodeFetch and a given session id, so nothing is hashed",
      }),
      await compareUploads(setting, sink, {
        label: "throughput, with fingerprint",
        id: "content",
        fetch: "node",
        note: "by default, the client first reads and hashes the content; see fingerprint",
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
        target: { atLeast: 0.85 },
        note: "chunks wait for 100 Continue; the bare loop does not",
      }),
    ];
  },
};

export const emulator: Benchmark = {
  name: "emulator",
  measures:
    "uploadFile to the emulator, which stores the content, compared with a server that only counts bytes",
  async run(setting) {
    const { quick, scratch, signal } = setting;
    const size = (quick ? 16 : 256) * MiB;
    const file = await scratch.file(size);
    const input = { file, ...transfer, id: "given", fetch: "node" } as const;
    await using sink = await startSinkChild(signal);
    await using store = await startEmulatorChild(signal);
    const to = (endpoint: string) => startChild("client-upload", { ...input, endpoint }, signal);
    await using toSink = await to(sink.endpoint);
    await using toEmulator = await to(store.endpoint);
    const rounds = await repeat(setting, "emulator", quick ? 1 : 5, (index) =>
      againstBare(toSink, toEmulator, index),
    );
    const perSecond = sizeText(size / medianOf(rounds, "seconds"));
    return [
      {
        label: "emulator, throughput",
        value: medianOf(rounds, "ratio"),
        unit: "of the plain sink's speed",
        better: "higher",
        sizes: sizesOf(size),
        rounds,
        note: `${perSecond} per second`,
      },
    ];
  },
};

const fileBytes = 4 * KiB;
const delayMs = 20;
const concurrency = 16;
const folders = 8;

/** The ideal time: each file waits for the server once, `concurrency` at a time, and everything else takes no time. */
function idealSeconds(files: number): number {
  return (Math.ceil(files / concurrency) * delayMs) / 1000;
}

export const smallFiles: Benchmark = {
  name: "small-files",
  measures:
    "uploadPackage of 2,000 files of 4 KiB to a server that responds after 20 ms, 16 at a time, compared with that delay",
  async run(setting) {
    const { quick, scratch, signal } = setting;
    const perFolder = quick ? 8 : 250;
    const files = folders * perFolder;
    const directory = await scratch.directory(folders, perFolder, fileBytes);
    await using sink = await startSinkChild(signal, { delayMs });
    const input: Inputs["package-upload"] = { endpoint: sink.endpoint, directory, concurrency };
    await using bare = await startChild("bare-package-upload", input, signal);
    await using ours = await startChild("package-upload", input, signal);
    const ideal = idealSeconds(files);
    const rounds = await repeat(setting, "small files", quick ? 1 : 5, async (index) => {
      await sink.run();
      const figures = await againstBare(bare, ours, index);
      const requests = figure(await sink.run(), "requests") - files;
      return { ...figures, requests, idealSeconds: ideal };
    });
    const ofIdeal = rounds.map((round) => ({ ...round, ratio: figure(round, "seconds") / ideal }));
    const others = medianOf(rounds, "requests") - files;
    const bareRatio = (medianOf(rounds, "bareSeconds") / ideal).toFixed(2);
    const sizes = { files, folders, fileBytes, delayMs, concurrency };
    return [
      {
        label: "small files",
        value: medianOf(ofIdeal, "ratio"),
        unit: "times the ideal",
        target: { atMost: 1.25 },
        sizes,
        rounds: ofIdeal,
        note: `ideal: ${files} files × ${delayMs} ms / ${concurrency} = ${ideal} s; ${others} more requests for listings and marks`,
      },
      {
        label: "small files, and a bare loop",
        value: medianOf(rounds, "ratio"),
        unit: "of the bare loop's speed",
        better: "higher",
        sizes,
        rounds,
        note: `the bare loop only reads and sends, and takes ${bareRatio} times the ideal`,
      },
    ];
  },
};

interface Variant extends Pick<Inputs["client-upload"], "id" | "fetch"> {
  readonly label: string;
  readonly target?: Target;
  readonly note?: string;
}

/** Compares the client with a bare loop that sends the same requests from the same file to the same server. */
async function compareUploads(
  setting: Setting,
  server: Server,
  { label, target, note, ...how }: Variant,
): Promise<Result> {
  const { quick, scratch, signal, say } = setting;
  const size = quick ? 16 * MiB : GiB;
  say(`${label}: making a file of ${sizeText(size)}`);
  const file = await scratch.file(size);
  const { endpoint, ca } = server;
  const input: Inputs["bare-upload"] = { endpoint, file, ...transfer, ...(ca === undefined ? {} : { ca }) };
  await using bare = await startChild("bare-upload", input, signal);
  const ourInput: Inputs["client-upload"] = { ...input, ...how };
  await using ours = await startChild("client-upload", ourInput, signal);
  const rounds = await repeat(setting, label, quick ? 1 : 7, (index) => againstBare(bare, ours, index));
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of the bare loop's speed",
    ...(target === undefined ? {} : { target }),
    sizes: sizesOf(size),
    rounds,
    ...(note === undefined ? {} : { note }),
  };
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
  const input: Inputs["client-upload"] = {
    endpoint: server.endpoint,
    file: await scratch.file(size),
    ...transfer,
    id: "content",
    fetch: "node",
  };
  await using ours = await startChild("client-upload", input, signal);
  const rounds = await repeat(setting, label, quick ? 1 : 5, async () => {
    const figures = await ours.run();
    return { ...figures, ratio: figure(figures, "hashSeconds") / figure(figures, "sendSeconds") };
  });
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of the sending time",
    target: hashingTarget,
    sizes: sizesOf(size),
    rounds,
    note: `hashing ${perSecond(size, medianOf(rounds, "hashSeconds"))}, sending ${perSecond(size, medianOf(rounds, "sendSeconds"))}`,
  };
}

/** Computed from the measured hashing time and the speed of such a line, which we do not have. */
function onLine({ rounds, sizes }: Result): Result {
  const sendSeconds = (figure(sizes, "fileBytes") * 8) / line;
  const computed = rounds.map((round) => {
    const hashSeconds = figure(round, "hashSeconds");
    return { hashSeconds, sendSeconds, ratio: hashSeconds / sendSeconds };
  });
  return {
    label: "fingerprint : over 1 Gbit/s",
    value: medianOf(computed, "ratio"),
    unit: "of the sending time",
    target: hashingTarget,
    sizes,
    rounds: computed,
    note: "computed from the hashing to the plain sink",
  };
}

function perSecond(bytes: number, seconds: number): string {
  return `${(bytes / seconds / GiB).toFixed(2)} GiB/s`;
}
