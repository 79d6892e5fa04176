// Files of known size and content.

/** @typedef {{url: string, bytes: number, sha384: string}} PinnedFile the digest in base64, as for subresource integrity */

/**
 * Load a file, and check that its content is the expected one.
 * @param {PinnedFile} file
 * @param {(bytes: number) => void} onBytes called with the size of each part that has arrived
 */
export async function download({ url, sha384 }, onBytes) {
  const content = await read(url, onBytes).catch((error) => {
    throw new Error(`${new URL(url, location.href)} could not be loaded (${error.message})`);
  });
  if ((await digest(content)) !== sha384) throw new Error(`${url} has another content than expected`);
  return content;
}

/** @param {string} url @param {(bytes: number) => void} onBytes */
async function read(url, onBytes) {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  const reader = response.body.getReader(), parts = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    onBytes(part.value.length);
  }
  return new Blob(parts).arrayBuffer();
}

/** @param {ArrayBuffer} content */
async function digest(content) {
  if (!globalThis.crypto?.subtle) throw new Error("the content of files can be checked on pages by https only");
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-384", content))));
}
