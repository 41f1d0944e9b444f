import { defaultSettings, parseSettings } from "../../pkg/admission/settings.ts";

test("what is left out has its default", () => {
  expect(parseSettings('{"image":"weir/sidecar@sha256:1","cluster":"eu-1"}')).toEqual({
    ok: true,
    settings: { ...defaultSettings, image: "weir/sidecar@sha256:1", cluster: "eu-1" },
  });
});

test("all problems come together, each with its field and remedy", () => {
  const text = JSON.stringify({
    imgae: "x",
    cluster: "$(HOME)",
    mode: "sometimes",
    bundleUrl: "http://weir",
    collectorUrl: "http://weir",
    resources: { requests: { cpu: "lots" } },
    adminPort: 80,
  });
  const outcome = parseSettings(text);
  expect(outcome.ok ? [] : outcome.problems.map((problem) => problem.split(":")[0])).toEqual([
    "imgae",
    "image",
    "resources",
    "cluster",
    "bundleUrl",
    "collectorUrl",
    "mode",
    "adminPort",
  ]);
});

test.each(["", "[]", "{", "null"])("%j is no settings", (text) => {
  expect(parseSettings(text)).toMatchObject({ ok: false, problems: [expect.stringContaining("the file is not")] });
});
