// @supabase/stripe-sync-engine: typed columns, no raw payload.
"use strict";

const Stripe = require("stripe");
const { StripeSync, runMigrations } = require("@supabase/stripe-sync-engine");

const { SCHEMA, SECRET, signed } = require("./webhooks");

const UPSERTS = {
  customer: "upsertCustomers",
  invoice: "upsertInvoices",
  price: "upsertPrices",
  product: "upsertProducts",
  subscription: "upsertSubscriptions",
};

async function migrate({ database }) {
  // It logs what goes wrong, and returns as if nothing had.
  const errors = [];
  const logger = { info() {}, warn() {}, error: (error) => errors.push(error) };
  await runMigrations({ databaseUrl: database, schema: SCHEMA, logger });
  if (errors.length > 0) throw errors[0];
}

async function open({ database }) {
  const sync = new StripeSync({
    schema: SCHEMA,
    stripeSecretKey: "sk_test_none",
    stripeWebhookSecret: SECRET,
    backfillRelatedEntities: false,
    autoExpandLists: false,
    poolConfig: { connectionString: database },
  });
  return {
    receive: (event) => sync.processWebhook(...signed(Stripe, event)),
    // As its backfill stores what it has listed: now is when it was synced.
    store: (object) => sync[UPSERTS[object.object]]([object], false),
    close: () => sync.close(),
  };
}

module.exports = { migrate, open };
