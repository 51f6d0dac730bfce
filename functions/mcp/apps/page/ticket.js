// A ticket: one order that was asked for or proposed, in whatever state.
"use strict";
