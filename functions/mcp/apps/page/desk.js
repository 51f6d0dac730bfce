"use strict";
host.begin("patang-desk", { "tool-result": (result) => show(make("pre", { text: JSON.stringify(result.structuredContent, null, 1) })) });
