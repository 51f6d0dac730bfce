// A minimal host of MCP Apps 2026-01-26, as the specification has it for web pages: it speaks MCP with the real
// endpoint, shows the panel of a tool behind a sandbox of another origin, and passes on what the panel asks for.
// Tests look at `seen` and change what it is willing to do in `will`.
"use strict";

const ERA = "2025-11-25";
const EXTENSION = "io.modelcontextprotocol/ui";
const asked = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const seen = { methods: [], opened: [], told: [], sizes: [], calls: [], answers: [], ready: false, early: [] };
const will = { refuseLinks: false };
let lastId = 0;
let frame = null;

// With `poison` every text of an answer is one of those, in turn: whatever anybody may have written, and more.
// Only what is `spared` stays: by the state of a thing the panel knows what can be done about it.
let poisonings = 0;

function poisoned(value) {
  if (typeof value === "string") return asked.poison[poisonings++ % asked.poison.length];
  if (Array.isArray(value)) return value.map(poisoned);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, (asked.spared ?? ["state"]).includes(key) ? each : poisoned(each)]));
}

const passedOn = (result) => (asked.poison ? { ...result, structuredContent: poisoned(result.structuredContent) } : result);

async function mcp(method, params) {
  const id = ++lastId;
  const answer = await fetch("/mcp", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Accept": "application/json, text/event-stream",
      "Authorization": `Bearer ${asked.token}`,
      "MCP-Protocol-Version": ERA,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
  });
  const told = await answer.json();
  if (told.error) throw Object.assign(new Error(told.error.message), { code: told.error.code });
  return told.result;
}

const toPanel = (message) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, asked.sandbox);

const context = () => ({
  theme: asked.theme,
  styles: asked.styles,
  displayMode: "inline",
  availableDisplayModes: ["inline"],
  containerDimensions: { width: frame.clientWidth, maxHeight: 4000 },
  locale: "en-IN",
  timeZone: "Asia/Kolkata",
  platform: "web",
});

const REQUESTS = {
  "ui/initialize": () => ({
    protocolVersion: "2026-01-26",
    hostInfo: { name: "minimal-host", version: "1" },
    hostCapabilities: asked.capabilities ?? { openLinks: {}, serverTools: {}, updateModelContext: { text: {} } },
    hostContext: context(),
  }),
  "ui/open-link": ({ url }) => {
    if (will.refuseLinks) throw new Error("Link opening denied by user");
    seen.opened.push(url);
    return {};
  },
  "ui/update-model-context": (params) => {
    seen.told.push(params);
    return {};
  },
  "tools/call": async ({ name, arguments: args }) => {
    seen.calls.push({ name, args });
    const tool = seen.tools.find((each) => each.name === name);
    const visibility = tool?._meta?.ui?.visibility ?? ["model", "app"];
    if (!visibility.includes("app")) throw new Error(`${name} is not for panels`);
    return passedOn(await mcp("tools/call", { name, arguments: args }));
  },
  ping: () => ({}),
};

const NOTIFICATIONS = {
  "ui/notifications/sandbox-proxy-ready": () => toPanel({
    method: "ui/notifications/sandbox-resource-ready",
    params: { html: seen.html, sandbox: "allow-scripts", csp: seen.csp },
  }),
  "ui/notifications/initialized": () => {
    seen.ready = true;
    toPanel({ method: "ui/notifications/tool-input", params: { arguments: asked.arguments ?? {} } });
    if (asked.cancelled) toPanel({ method: "ui/notifications/tool-cancelled", params: { reason: asked.cancelled } });
    else if (!asked.silent) toPanel({ method: "ui/notifications/tool-result", params: passedOn(seen.result) });
  },
  "ui/notifications/size-changed": ({ width, height }) => {
    seen.sizes.push({ width, height });
    frame.style.height = `${height}px`;
  },
};

window.addEventListener("message", async (event) => {
  if (event.source !== frame?.contentWindow || event.origin !== asked.sandbox) return;
  const { id, method, params } = event.data;
  seen.methods.push(method ?? `answer ${id}`);
  if (method === undefined) {
    seen.answers.push(event.data);
    return;
  }
  if (id === undefined) {
    NOTIFICATIONS[method]?.(params ?? {});
    return;
  }
  if (!seen.ready && method !== "ui/initialize") seen.early.push(method);
  try {
    if (!REQUESTS[method]) throw Object.assign(new Error(`Method not found: ${method}`), { code: -32601 });
    toPanel({ id, result: await REQUESTS[method](params ?? {}) });
  } catch (error) {
    toPanel({ id, error: { code: error.code ?? -32000, message: error.message } });
  }
});

async function begin() {
  await mcp("initialize", {
    protocolVersion: ERA,
    clientInfo: { name: "minimal-host", version: "1" },
    capabilities: { extensions: { [EXTENSION]: { mimeTypes: ["text/html;profile=mcp-app"] } } },
  }).then((told) => { seen.server = told; });
  seen.tools = [];
  for (let cursor; ;) {
    const page = await mcp("tools/list", cursor ? { cursor } : {});
    seen.tools.push(...page.tools);
    cursor = page.nextCursor;
    if (!cursor) break;
  }
  seen.result = await mcp("tools/call", { name: asked.tool, arguments: asked.arguments ?? {} });
  const uri = seen.tools.find((each) => each.name === asked.tool)?._meta?.ui?.resourceUri;
  if (!uri) throw new Error(`${asked.tool} has no panel`);
  const { contents: [content] } = await mcp("resources/read", { uri });
  if (content.mimeType !== "text/html;profile=mcp-app") throw new Error(`a panel of type ${content.mimeType}`);
  seen.html = asked.before ? content.text.replace("<body>", `<body>${asked.before}`) : content.text;
  seen.csp = content._meta?.ui?.csp ?? {};
  frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
  frame.src = `${asked.sandbox}/host/sandbox.html`;
  document.body.append(frame);
}

begin().catch((error) => { seen.failed = String(error); });
