import { type SinkOptions, startSink } from "../sink/start-sink.js";
import { serveParent } from "./serve-parent.js";

await serveParent((options: SinkOptions) => startSink(options));
