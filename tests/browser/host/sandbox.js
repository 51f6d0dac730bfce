// The sandbox between a host and a panel: of another origin than the host, it shows the document in a frame
// without an origin and passes messages on. The policy of content comes with this page's own answer and holds
// in the frame within it.
"use strict";

const RESERVED = "ui/notifications/sandbox-";
const host = window.location.ancestorOrigins[0];
const inner = document.createElement("iframe");

window.addEventListener("message", (event) => {
  const method = String(event.data?.method ?? "");
  if (event.source === window.parent && event.origin === host) {
    if (method === `${RESERVED}resource-ready`) {
      inner.setAttribute("sandbox", event.data.params.sandbox ?? "allow-scripts");
      inner.srcdoc = event.data.params.html;
      document.body.append(inner);
    } else if (!method.startsWith(RESERVED)) {
      inner.contentWindow.postMessage(event.data, "*");
    }
  } else if (event.source === inner.contentWindow && !method.startsWith(RESERVED)) {
    window.parent.postMessage(event.data, host);
  }
});

window.parent.postMessage({ jsonrpc: "2.0", method: `${RESERVED}proxy-ready`, params: {} }, host);
