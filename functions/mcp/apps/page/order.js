"use strict";
host.begin("patang-order", { "tool-result": (result) => show(make("pre", { text: JSON.stringify(result.structuredContent, null, 1) })) });
