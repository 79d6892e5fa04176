// Requests to the service: work is a job that is followed to its end.

export class Refused extends Error {}

async function answered(response) {
  if (response.ok) return response;
  let why = `the server answered ${response.status}`;
  try {
    const { detail } = await response.json();
    why = typeof detail === "string" ? detail : detail.map((d) => `${d.loc.slice(1).join(" ")}: ${d.msg}`).join("; ");
  } catch { /* no JSON: the status says it */ }
  throw new Refused(why);
}

async function asked(path, options) {
  try {
    return await answered(await fetch(path, options));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused("the server does not answer; is diffecg studio still running?");
  }
}

export const get = async (path) => (await asked(path)).json();
export const floats = async (path) => new Float32Array(await (await asked(path)).arrayBuffer());

export async function post(path, body) {
  const form = body instanceof FormData;
  const options = form ? { method: "POST", body }
    : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return (await asked(path, options)).json();
}

export const cancel = (id) => asked(`api/jobs/${id}`, { method: "DELETE" });

export const remove = (id) => asked(`api/recordings/${id}`, { method: "DELETE" }).catch(() => {});

/** Follow a job; resolves to its last status, rejects when it failed. */
export function follow(id, onStatus = () => {}, onPreview = () => {}) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`api/jobs/${id}/events`);
    source.addEventListener("preview", (event) => onPreview(JSON.parse(event.data)));
    source.addEventListener("status", (event) => {
      const job = JSON.parse(event.data);
      onStatus(job);
      if (!["done", "failed", "cancelled"].includes(job.state)) return;
      source.close();
      if (job.state === "failed") reject(new Refused(job.error));
      else resolve(job);
    });
    source.onerror = async () => {
      if (source.readyState === EventSource.CONNECTING) return; // the browser tries again
      source.close();
      reject(new Refused("the job is lost: the server was started anew"));
    };
  });
}

export function numbers(form, names) {
  const found = {};
  for (const name of names) {
    const text = form.elements[name].value;
    if (text !== "") found[name] = Number(text);
  }
  return found;
}
