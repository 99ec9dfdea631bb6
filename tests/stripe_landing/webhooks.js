// What the engines have in common: where they land, and how a webhook is signed.
"use strict";

const SCHEMA = "stripe";
const SECRET = "whsec_tests";

// The body as it is sent, and the header that vouches for it.
function signed(Stripe, event) {
  const payload = JSON.stringify(event);
  return [payload, Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET })];
}

module.exports = { SCHEMA, SECRET, signed };
