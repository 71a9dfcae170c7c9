// Drives the proxy with toxiproxy-node-client: CONTROL_PORT UPSTREAM_PORT.
const assert = require("node:assert");
const net = require("node:net");
const { Toxiproxy } = require("toxiproxy-node-client");

const [control, upstream] = process.argv.slice(2);

function roundTrip(proxy) {
  const port = Number(proxy.listen.split(":").pop());
  const began = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const client = net.connect(port, "127.0.0.1", () => client.write("hello"));
    client.on("error", reject);
    client.on("data", () => {
      client.destroy();
      resolve(Number(process.hrtime.bigint() - began) / 1e6);
    });
  });
}

async function main() {
  const server = new Toxiproxy(`http://127.0.0.1:${control}`);
  assert.match(await server.getVersion(), /2\.12\.0/);
  const wish = { name: "echo", listen: "127.0.0.1:0", upstream: `127.0.0.1:${upstream}` };
  const proxy = await server.createProxy(wish);
  await assert.rejects(server.createProxy(wish));
  const toxic = await proxy.addToxic({ name: "slow", type: "latency", attributes: { latency: 200, jitter: 0 } });
  assert.ok((await roundTrip(proxy)) >= 199);
  assert.strictEqual((await proxy.getToxic("slow")).attributes.latency, 200);
  await toxic.remove();
  await assert.rejects(proxy.getToxic("slow"));
  const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream: wish.upstream });
  assert.strictEqual(off.enabled, false);
  await assert.rejects(roundTrip(proxy));
  await server.reset();
  await roundTrip(proxy);
  assert.deepStrictEqual(Object.keys((await server.getAll()).proxies ?? (await server.getAll())), ["echo"]);
  await proxy.remove();
  console.log("all is well");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
