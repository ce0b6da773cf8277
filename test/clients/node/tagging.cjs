'use strict';
// tagging.cjs USER PASSWORD SCHEMA PORT ...: serves requests with Express, whose statements say where they are from:
// those of Knex and of Sequelize by sqlcommenter's packages. Serves a request for each route through each port on
// 127.0.0.1, and says what came of them as one line of JSON.

const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { context, defaultTextMapGetter, ROOT_CONTEXT } = require('@opentelemetry/api');
const { AsyncHooksContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpTraceContextPropagator } = require('@opentelemetry/core');
const { wrapMainKnexAsMiddleware } = require('@google-cloud/sqlcommenter-knex');
const { wrapSequelizeAsMiddleware } = require('@google-cloud/sqlcommenter-sequelize');
const express = require('express');
const Knex = require('knex');
const { DataTypes, Op, Sequelize } = require('sequelize');

const [user, password, database, ...ports] = process.argv.slice(2);
const PAGES = ['reports', 'invoices'];
const ROWS = 50;
const INCLUDED = { db_driver: true, route: true, traceparent: true };
const OPTIONS = { TraceProvider: 'OpenTelemetry' };

const tracing = new HttpTraceContextPropagator();
context.setGlobalContextManager(new AsyncHooksContextManager().enable());

/** Reads the rows of a page with Knex through a port, and closes its connection. */
async function readWithKnex(port) {
  const knex = Knex({ client: 'mysql2', connection: { host: '127.0.0.1', port, user, password, database } });
  try {
    return await knex('numbers').where('id', '<=', ROWS);
  } finally {
    await knex.destroy();
  }
}

/** A function that does the same with Sequelize, and a middleware that tags its statements. */
function sequelizeThrough(port) {
  const sequelize = new Sequelize({ dialect: 'mysql', host: '127.0.0.1', port, username: user, password, database,
    logging: false });
  const Numbers = sequelize.define('numbers', { label: DataTypes.STRING }, { timestamps: false });
  return {
    tag: wrapSequelizeAsMiddleware(sequelize, INCLUDED, OPTIONS),
    read: () => Numbers.findAll({ where: { id: { [Op.lte]: ROWS } } }),
    close: () => sequelize.close(),
  };
}

/** An application with a page for each route; `read` gets the rows of each. */
function application(tag, read) {
  const app = express();
  app.use((request, _response, next) => {
    context.with(tracing.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter), next);
  });
  app.use(tag);
  for (const page of PAGES) {
    app.get(`/${page}/:id`, (_request, response) => {
      read().then((rows) => response.json({ rows: rows.length, error: null }),
        (error) => response.json({ rows: null, error: (error.original ?? error).errno }));
    });
  }
  return app;
}

/** Has a request for each page served; gives what came of each. */
async function requests(framework, port, app) {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const seen = [];
  for (const page of PAGES) {
    const traceId = randomBytes(16).toString('hex');
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/${page}/7`, { headers });
    seen.push({ framework, port: Number(port), page, traceId, ...await answer.json() });
  }
  server.close();
  server.closeAllConnections();
  return seen;
}

async function main() {
  const seen = [];
  const tagKnex = wrapMainKnexAsMiddleware(Knex, INCLUDED, OPTIONS);
  for (const port of ports) {
    seen.push(...await requests('Knex', port, application(tagKnex, () => readWithKnex(port))));
    const { tag, read, close } = sequelizeThrough(port);
    seen.push(...await requests('Sequelize', port, application(tag, read)));
    await close();
  }
  console.log(JSON.stringify(seen));
}

void main();
