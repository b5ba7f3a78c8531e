import { afterEach, describe, expect, it, vi } from "vitest";
import { randomRequestId } from "../src/http/request.js";

afterEach(() => vi.unstubAllGlobals());

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("A request id", () => {
  it("is a new version 4 UUID for each request", () => {
    const ids = Array.from({ length: 100 }, randomRequestId);
    for (const id of ids) expect(id).toMatch(uuid4);
    expect(new Set(ids).size).toBe(100);
  });

  it("is a version 4 UUID on plain http pages, too", () => {
    const getRandomValues = crypto.getRandomValues.bind(crypto);
    vi.stubGlobal("crypto", { getRandomValues });
    const ids = Array.from({ length: 100 }, randomRequestId);
    for (const id of ids) expect(id).toMatch(uuid4);
    expect(new Set(ids).size).toBe(100);
  });
});
