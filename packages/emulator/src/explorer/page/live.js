// The connection to the emulator.

/** @import { LiveEvents } from "../live-events.js" */

/**
 * A function for each event.
 * @typedef {{ readonly [Name in keyof LiveEvents]: (payload: LiveEvents[Name]) => void }} Handlers
 */

/** Browsers reconnect themselves, except after a response that is no stream of events. */
const retryMs = 2000;

/**
 * Receives events until the page closes, and connects again whenever the connection breaks. A hidden page has no connection,
 * because browsers open only six to one server.
 * @param {Handlers} handlers
 * @param {(isConnected: boolean) => void} onConnection
 */
export function receive(handlers, onConnection) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {number | undefined} */
  let timer;
  let silenceMs = 30_000;

  function open() {
    close();
    source = new EventSource("/Explorer/events");
    source.addEventListener("error", onError);
    listen(source, "hello", (facts) => {
      silenceMs = 2.5 * facts.heartbeatMs;
      onConnection(true);
    });
    listen(source, "files");
    listen(source, "sessions");
    listen(source, "applications");
    listen(source, "requests");
    listen(source, "heartbeat");
    expectEvent();
  }

  function close() {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  }

  function onError() {
    onConnection(false);
    clearTimeout(timer);
    if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, retryMs);
  }

  /** A connection can be dead without an error, for example after the machine slept. */
  function expectEvent() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      onConnection(false);
      open();
    }, silenceMs);
  }

  /**
   * @template {keyof LiveEvents} Name
   * @param {EventSource} from
   * @param {Name} name
   * @param {(payload: LiveEvents[Name]) => void} [first]
   */
  function listen(from, name, first) {
    from.addEventListener(name, (event) => {
      expectEvent();
      /** @type {LiveEvents[Name]} */
      const payload = JSON.parse(event.data);
      first?.(payload);
      handlers[name](payload);
    });
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  // A page from the browser's cache of visited pages has lost its connection.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) open();
  });
  if (!document.hidden) open();
}
