// Requests to the service.

/** A request that the service refused, with the fields that are to be changed. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {{field: string, message: string}[]} [fields]
   * @param {number} [status]
   */
  constructor(message, fields = [], status = 0) {
    super(message.charAt(0).toUpperCase() + message.slice(1).replace(/\.?$/, "."));
    this.fields = fields;
    this.status = status;
  }
}

/** @param {string} path @param {RequestInit} [options] */
async function send(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("the studio does not answer; is diffecg studio still running?");
  }
  if (response.ok) return response;
  let detail = `the studio answered ${response.status}`, fields = [];
  try {
    const body = await response.json();
    if (typeof body.detail === "string") detail = body.detail;
    fields = body.errors ?? [];
  } catch { /* no JSON: the status says it */ }
  if (response.status === 401) detail = "open the address that diffecg studio printed: it has the token";
  throw new Refused(detail, fields, response.status);
}

/** @param {string} path @returns {Promise<any>} */
export const get = async (path) => (await send(`/api/${path}`)).json();

/** @param {string} path @param {RequestInit} [options] */
export const remove = (path, options = {}) => send(`/api/${path}`, { method: "DELETE", ...options });

/** @param {string} method @param {string} path @param {any} body @param {Record<string, string>} [headers] */
async function write(method, path, body, headers = {}) {
  const options = body instanceof FormData
    ? { method, body, headers }
    : { method, body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
  return (await send(`/api/${path}`, options)).json();
}

/** @param {string} path @param {any} [body] */
export const post = (path, body = {}) => write("POST", path, body);

/** @param {string} path @param {any} body */
export const put = (path, body) => write("PUT", path, body);

/** Submit a job; sent twice, it is one job. @param {string} task @param {any} body */
export const submit = (task, body) => write("POST", task, body, { "idempotency-key": crypto.randomUUID() });

/** @param {string} path */
export const floats = async (path) => new Float32Array(await (await send(`/api/${path}`)).arrayBuffer());

/** Wait until a file is written; it is kept, so that a download of it begins at once. @param {string} path */
export const written = async (path) => { await (await send(path)).body?.cancel(); };

/**
 * Some real beats of a label, one after another, and where each comes from.
 * @param {string} label @param {number} count
 * @returns {Promise<{values: Float32Array, origins: {recording: string | null, time_s: number | null}[]}>}
 */
export async function realBeats(label, count) {
  const response = await send(`/api/real?label=${encodeURIComponent(label)}&count=${count}`);
  return { origins: JSON.parse(response.headers.get("x-beats") ?? "[]"), values: new Float32Array(await response.arrayBuffer()) };
}

/**
 * @typedef {{leads: string[], fs_hz: number, start_s: number, shape: number[], kind: "samples" | "envelope", step_s?: number, values: Float32Array}} Signal
 */

/**
 * Samples of some leads, or their smallest and largest values where there are more than `points`.
 * @param {string} id @param {string[]} leads @param {number} start @param {number} stop @param {number} points
 * @returns {Promise<Signal>}
 */
export async function signal(id, leads, start, stop, points) {
  const query = new URLSearchParams([...leads.map((lead) => ["lead", lead]), ["start", String(start)], ["stop", String(stop)], ["points", String(points)]]);
  const response = await send(`/api/recordings/${id}/signal?${query}`);
  const about = JSON.parse(response.headers.get("x-signal") ?? "{}");
  return { ...about, values: new Float32Array(await response.arrayBuffer()) };
}

const ENDED = ["done", "failed", "cancelled"];

/** @param {any} job */
export const hasEnded = (job) => ENDED.includes(job.state);

/**
 * Follow a job to its end; rejects if it failed.
 * @param {string} id
 * @param {(job: any) => void} [onStatus]
 * @param {(preview: any) => void} [onPreview]
 * @returns {Promise<any>}
 */
export function follow(id, onStatus = () => {}, onPreview = () => {}) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`/api/jobs/${id}/events`);
    const finish = (/** @type {any} */ job) => {
      source.close();
      if (job.state === "failed") reject(new Refused(job.error));
      else resolve(job);
    };
    source.addEventListener("preview", (event) => onPreview(JSON.parse(event.data)));
    source.addEventListener("status", (event) => {
      const job = JSON.parse(event.data);
      onStatus(job);
      if (hasEnded(job)) finish(job);
    });
    source.onerror = async () => {
      if (source.readyState === EventSource.CONNECTING) return; // the browser tries again
      source.close();
      try {
        finish(await get(`jobs/${id}?wait=30`));
      } catch (error) {
        reject(error);
      }
    };
  });
}
