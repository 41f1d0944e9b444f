// A person at a browser, as far as the demo and the tests need one: keeps cookies, follows redirects, fills in the first form.

export interface Visit {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

const STEPS_MAX = 25;

/** Goes on until a page has no form; of each form the hidden fields are sent back, with `fill` beside them. */
export async function visit(address: string, fill: Readonly<Record<string, string>>): Promise<Visit> {
  const cookies = new Map<string, string>();
  let request: { url: string; form?: URLSearchParams } = { url: address };
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { url, form } = request;
    const answer = await fetch(url, {
      redirect: "manual",
      method: form === undefined ? "GET" : "POST",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form && { body: form }),
    });
    for (const line of answer.headers.getSetCookie()) keep(line, cookies);
    const text = await answer.text();
    const location = answer.headers.get("location");
    const action = /<form[^>]*>/i.exec(text)?.[0];
    if (location !== null) request = { url: new URL(location, url).href };
    else if (action === undefined) return { url, status: answer.status, text };
    else request = { url: new URL(/action="([^"]*)"/i.exec(action)?.[1] ?? url, url).href, form: fields(text, fill) };
  }
  throw new Error(`more than ${STEPS_MAX} pages from ${new URL(address).origin}`);
}

function keep(line: string, cookies: Map<string, string>): void {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
  if (name === undefined || value === undefined) return;
  if (value === "") cookies.delete(name);
  else cookies.set(name, value);
}

function fields(page: string, fill: Readonly<Record<string, string>>): URLSearchParams {
  const form = new URLSearchParams(fill);
  for (const [tag] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/gi)) {
    const [name, value] = ["name", "value"].map((word) => new RegExp(`${word}="([^"]*)"`).exec(tag)?.[1]);
    if (name !== undefined && !form.has(name)) form.set(name, value ?? "");
  }
  return form;
}
