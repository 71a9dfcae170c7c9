// The reference gateway: what one would write in an afternoon from well-known parts. It verifies the same tokens as
// Faultline's gateway, limits each user, and forwards over kept connections. It has no breaker, no bulkhead, no telemetry
// and no limits that several instances share; it is here to be measured against, not to be used.
//
// Environment: PORT, UPSTREAM_URL, JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, RATE_LIMIT_PER_MINUTE, PROCESSES.

import cluster from 'node:cluster';
import { createPublicKey } from 'node:crypto';
import http from 'node:http';

import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { createProxyMiddleware } from 'http-proxy-middleware';
import jwt from 'jsonwebtoken';

const { PORT, UPSTREAM_URL, JWKS_URL, JWT_ISSUER, JWT_AUDIENCE } = process.env;
const perMinute = Number(process.env.RATE_LIMIT_PER_MINUTE);
const processes = Number(process.env.PROCESSES);

async function publicKeys() {
  const answer = await fetch(JWKS_URL);
  if (!answer.ok) throw new Error(`${JWKS_URL} answers ${answer.status}`);
  const { keys } = await answer.json();
  return new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));
}

// The algorithm is fixed here: a token must not choose how it is checked.
function authenticate(keys) {
  const expected = { algorithms: ['RS256'], issuer: JWT_ISSUER, audience: JWT_AUDIENCE };
  const keyOf = (header, done) => {
    const key = keys.get(header.kid);
    done(key ? null : new Error('unknown key'), key);
  };
  return (request, response, next) => {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer' || !token) return response.status(401).json({ code: 'token_missing' });
    return jwt.verify(token, keyOf, expected, (error, claims) => {
      if (error) return response.status(401).json({ code: 'token_invalid' });
      request.user = claims.sub;
      return next();
    });
  };
}

async function serve() {
  const app = express();
  app.disable('x-powered-by');
  app.use(authenticate(await publicKeys()));
  app.use(
    rateLimit({
      windowMs: 60_000,
      limit: perMinute,
      standardHeaders: true,
      legacyHeaders: false,
      keyGenerator: (request) => request.user,
    }),
  );
  // Without kept connections each request would open one, and the comparison would be about that.
  app.use(createProxyMiddleware({ target: UPSTREAM_URL, agent: new http.Agent({ keepAlive: true }) }));
  app.listen(Number(PORT), '127.0.0.1');
}

if (processes > 1 && cluster.isPrimary) {
  for (let started = 0; started < processes; started += 1) cluster.fork();
} else {
  await serve();
}
