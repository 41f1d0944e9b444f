// The issuer's page for people: asks for a name and believes it.
import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { IssuerOptions } from "./issuer.ts";

export async function loginPage(
  provider: Provider,
  { people }: IssuerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const html = (text: string) => response.setHeader("content-type", "text/html; charset=utf-8").end(text);
  try {
    const { prompt } = await provider.interactionDetails(request, response);
    if (request.method !== "POST") {
      const question = prompt.name === "consent" ? "May weir act for you?" : "Who are you?";
      const names = prompt.name === "consent" ? ["yes"] : Object.keys(people);
      const buttons = names.map((name) => `<button name="login" value="${name}">${name}</button>`);
      html(`<title>${question}</title><h1>${question}</h1><form method="post">${buttons.join(" ")}</form>`);
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const result =
      prompt.name === "consent" ? { consent: {} } : loginOf(people, new URLSearchParams(body).get("login"));
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  } catch {
    response.statusCode = 400;
    html("this login is over");
  }
}

function loginOf(people: IssuerOptions["people"], name: string | null) {
  return name !== null && Object.hasOwn(people, name)
    ? { login: { accountId: name, amr: ["pwd", "mfa"] } }
    : { error: "access_denied", error_description: "nobody has this name" };
}
