// The panel's end of MCP Apps 2026-01-26: JSON-RPC 2.0 with the host that shows it, by postMessage.
"use strict";

const host = (() => {
  const PATIENCE_MS = 30000;
  const THEMED = ["--color-background-primary", "--color-background-secondary", "--color-text-primary",
    "--color-text-secondary", "--color-border-primary", "--font-sans"];
  const NEEDED = THEMED.slice(0, 5);

  const waiting = new Map();
  const listeners = new Map();
  const context = {};
  let capabilities = {};
  let lastId = 0;
  let over = false;

  // To any origin: whoever has put the panel into a frame is its host, and under which name is not told.
  const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const notify = (method, params = {}) => post({ method, params });

  function request(method, params) {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`the host has not answered ${method} for ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      waiting.set(id, { resolve, reject, late });
      post({ id, method, params });
    });
  }

  function settle(message) {
    const asked = waiting.get(message.id);
    if (!asked) return;
    waiting.delete(message.id);
    clearTimeout(asked.late);
    if (message.error) asked.reject(new Error(String(message.error.message || "the host has refused")));
    else asked.resolve(message.result);
  }

  function answer(message) {
    if (message.method === "ui/resource-teardown") over = true;
    const known = ["ping", "ui/resource-teardown"].includes(message.method);
    post(known
      ? { id: message.id, result: {} }
      : { id: message.id, error: { code: -32601, message: "the panel has no such method" } });
    if (over) listeners.get("over")?.();
  }

  // A theme's colours are taken all or none: one of them beside our own could make a text vanish.
  function dress(styles) {
    const root = document.documentElement.style;
    const given = styles?.variables ?? {};
    const complete = NEEDED.every((name) => typeof given[name] === "string" && given[name] !== "");
    for (const name of THEMED) {
      if (complete && typeof given[name] === "string") root.setProperty(name, given[name]);
      else root.removeProperty(name);
    }
  }

  function setContext(changed) {
    Object.assign(context, changed);
    const root = document.documentElement;
    root.style.colorScheme = ["light", "dark"].includes(context.theme) ? context.theme : "light dark";
    dress(context.styles);
    for (const side of ["top", "right", "bottom", "left"]) {
      const inset = Number(context.safeAreaInsets?.[side]);
      root.style.setProperty(`--inset-${side}`, `${inset > 0 ? inset : 0}px`);
    }
  }

  function tellSize() {
    let told = "";
    new ResizeObserver(() => {
      const size = { width: window.innerWidth, height: Math.ceil(document.body.getBoundingClientRect().height) };
      if (`${size.width} ${size.height}` === told) return;
      told = `${size.width} ${size.height}`;
      notify("ui/notifications/size-changed", size);
    }).observe(document.body);
  }

  window.addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || !message || message.jsonrpc !== "2.0") return;
    if (message.method === undefined) settle(message);
    else if (message.id !== undefined) answer(message);
    else if (message.method === "ui/notifications/host-context-changed") setContext(message.params ?? {});
    else listeners.get(message.method)?.(message.params ?? {});
  });

  return {
    // `heard`: what is done with the notifications of the host; `over` when it takes the panel away.
    async begin(name, heard) {
      for (const [method, listener] of Object.entries(heard)) {
        listeners.set(method === "over" ? method : `ui/notifications/${method}`, listener);
      }
      const told = await request("ui/initialize", {
        appInfo: { name, version: "1" },
        appCapabilities: { availableDisplayModes: ["inline"] },
        protocolVersion: "2026-01-26",
      });
      capabilities = told?.hostCapabilities ?? {};
      setContext(told?.hostContext ?? {});
      notify("ui/notifications/initialized");
      tellSize();
    },

    get callsTools() { return capabilities.serverTools !== undefined; },
    get opensLinks() { return capabilities.openLinks !== undefined; },
    get isOver() { return over; },

    // The structured answer of a tool; an Error with `details` where it has failed.
    async call(name, args = {}) {
      const result = await request("tools/call", { name, arguments: args });
      return read(result);
    },

    async open(address) {
      const result = await request("ui/open-link", { url: address });
      if (result?.isError) throw new Error("the host does not open links");
    },

    // What the assistant is to know of without being asked. Not every host takes it, and none has to.
    tellAssistant(text) {
      request("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
    },

    read,
  };

  function read(result) {
    const told = result?.structuredContent;
    if (result?.isError) {
      const text = result.content?.find((block) => block.type === "text")?.text;
      throw Object.assign(new Error(String(told?.message ?? text ?? "the tool has failed")), {
        details: told?.details ?? {},
      });
    }
    if (!told) throw new Error("the host has not passed on what the desk answered");
    return told;
  }
})();
