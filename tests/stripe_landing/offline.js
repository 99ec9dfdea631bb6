// The engines reach the socket of the test's PostgreSQL, and nothing else.
"use strict";

const net = require("node:net");

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  // Node's own callers hand over one list: options, then a callback.
  const target = Array.isArray(args[0]) ? args[0][0] : args[0];
  const path = typeof target === "object" ? target.path : target;
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new Error("the landing tests reach no network");
  }
  return connect.apply(this, args);
};
