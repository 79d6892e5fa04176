// ONNX Runtime, from a content delivery network, with a model.

import { download } from "./download.js";

/** @typedef {import("./download.js").PinnedFile} PinnedFile */
/** @typedef {{ort: any, session: any}} Runtime the module of ONNX Runtime, and its session of a model */

const FOLDER = "https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/";
/** @type {PinnedFile} */
const SCRIPT = {
  url: `${FOLDER}ort.wasm.bundle.min.mjs`,
  bytes: 73054,
  sha384: "PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG",
};
/** @type {PinnedFile} */
const WEB_ASSEMBLY = {
  url: `${FOLDER}ort-wasm-simd-threaded.wasm`,
  bytes: 14239897,
  sha384: "vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
};

/** What is loaded with a model, in bytes. @param {PinnedFile} model */
export const bytesWith = (model) => SCRIPT.bytes + WEB_ASSEMBLY.bytes + model.bytes;

/**
 * Load ONNX Runtime and a model.
 * @param {PinnedFile} model
 * @param {(bytes: number) => void} onBytes called with the size of each part that has arrived
 * @returns {Promise<Runtime>}
 */
export async function openRuntime(model, onBytes) {
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly");
  const script = await download(SCRIPT, onBytes);
  const wasmBinary = await download(WEB_ASSEMBLY, onBytes);
  const network = await download(model, onBytes);
  const ort = await importText(script);
  Object.assign(ort.env.wasm, { wasmBinary, numThreads: 1 });
  return { ort, session: await ort.InferenceSession.create(new Uint8Array(network)) };
}

/** Import a module from its text. @param {ArrayBuffer} text */
async function importText(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
