import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { UsageError } from '../../src/cli/command.js';
import { withoutSidecars, withSidecars } from '../../src/cli/inject/manifests.js';
import { parseStream, printStream } from '../../src/cli/inject/stream.js';
import { readConfig } from '../../src/config/load.js';
import { isMissing, runPython } from '../support/drivers.js';
import { run } from '../support/run.js';
import { blocksIn } from '../support/readme.js';
import { CLI, sluice } from './program.js';

const OPERATIONS = readFileSync(new URL('../../src/help/operations.md', import.meta.url), 'utf8');
const POD_MONITOR_CRD = new URL('../fixtures/schemas/monitoring.coreos.com_podmonitors.yaml', import.meta.url);

type Flags = Readonly<Record<string, unknown>>;

const URL_OF_SHOP = 'mysql://shop:p%40ss@db.example.com:3306/shop?charset=utf8mb4';

/** An application that reads its URL from DATABASE_URL. Keys that look like numbers, and a number that no double holds. */
const pod = (metadata = '"labels": { "app": "shop" }', env = `{ "name": "DATABASE_URL", "value": "${URL_OF_SHOP}" }`) => `{
  "metadata": { ${metadata} },
  "spec": {
    "containers": [
      { "name": "shop", "image": "registry.example.com/shop:1.0.0", "env": [ ${env} ],
        "ports": [ { "name": "metrics", "containerPort": 8080 } ] }
    ],
    "restartPolicy": "Never"
  }
}`;
const manifest = (apiVersion: string, kind: string, spec: string, name = 'shop') =>
  `{ "kind": "${kind}", "apiVersion": "${apiVersion}", "metadata": { "name": "${name}", "creationTimestamp": null,
  "annotations": { "2": "b", "1": "a", "__proto__": "p" } }, "spec": ${spec} }`;

const SELECTOR = '"selector": { "matchLabels": { "app": "shop" } }';
const WORKLOADS: Readonly<Record<string, string>> = {
  Deployment: manifest('apps/v1', 'Deployment', `{ "progressDeadlineSeconds": 600, ${SELECTOR}, "template": ${pod()} }`),
  StatefulSet: manifest('apps/v1', 'StatefulSet', `{ "serviceName": "shop", ${SELECTOR}, "template": ${pod()} }`),
  DaemonSet: manifest('apps/v1', 'DaemonSet', `{ ${SELECTOR}, "template": ${pod()} }`),
  Job: manifest('batch/v1', 'Job', `{ "template": ${pod('')} }`),
  CronJob: manifest('batch/v1', 'CronJob', `{ "schedule": "0 3 * * *", "jobTemplate": { "spec": { "template": ${pod()} } } }`),
  Pod: pod('"name": "shop"').replace('{', '{ "apiVersion": "v1", "kind": "Pod",'),
};

const printed = (text: string): string => printStream(parseStream(text, 'input'));
const removed = (text: string): string => printStream(withoutSidecars(parseStream(text, 'input')).left);
const injected = (text: string, flags: Flags = { rewrite: 'DATABASE_URL' }, variables: NodeJS.ProcessEnv = {}): string =>
  printStream(withSidecars(withoutSidecars(parseStream(text, 'input')).left, flags, variables));
/** The objects in a stream, each with its text. */
const textsIn = (stream: string): string[] => stream.split(/^(?=\{)/m);

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<'initContainers' | 'containers' | 'volumes', readonly Readonly<Record<string, unknown>>[]>>;
}
/** A stream of a ConfigMap and a workload: the configuration, and the pod. */
const readInjected = (stream: string): { readonly map: string; readonly config: string; readonly kind: string; readonly pod: Pod } => {
  const [{ metadata, data }, workload] = textsIn(stream).map((text): unknown => JSON.parse(text)) as [
    { readonly metadata: { readonly name: string }; readonly data: Readonly<Record<string, string>> },
    Pod & { readonly kind: string; readonly spec: { readonly template: Pod; readonly jobTemplate: { readonly spec: { readonly template: Pod } } } },
  ];
  const { kind, spec } = workload;
  const inside = kind === 'CronJob' ? spec.jobTemplate.spec.template : spec.template;
  return { map: metadata.name, config: data['sluice.json']!, kind, pod: kind === 'Pod' ? workload : inside };
};

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.problems.join('\n');
    throw error;
  }
  return 'no refusal';
};

t.test('inject gives each kind of workload a sidecar that starts first and lets the pod end', (t) => {
  for (const [kind, text] of Object.entries(WORKLOADS)) {
    const { map, config, pod: { spec }, kind: found } = readInjected(injected(text));
    t.equal(found, kind);
    t.match(spec.initContainers[0], { name: 'sluice', restartPolicy: 'Always', readinessProbe: {}, securityContext: {} }, kind);
    t.match(spec.containers[0]!['env'], [
      { name: 'SLUICE_HOST', value: '127.0.0.1' }, { name: 'SLUICE_PORT', value: '3307' },
      { name: 'MYSQL_HOST', value: '127.0.0.1' }, { name: 'MYSQL_TCP_PORT', value: '3307' },
      { name: 'DATABASE_URL', value: URL_OF_SHOP.replace('db.example.com:3306', '127.0.0.1:3307') },
    ], kind);
    t.match(spec.volumes, [{ configMap: { name: map } }], kind);
    t.match(readConfig(JSON.parse(config)), { upstream: [{ at: { host: 'db.example.com', port: 3306 } }], admin: { listen: { host: '0.0.0.0' } } });
  }
  t.end();
});

t.test('inject twice prints what inject once does, and --remove gives the input back', (t) => {
  const list = `{ "kind": "List", "apiVersion": "v1", "items": [ ${Object.entries(WORKLOADS)
    .map(([kind, text]) => text.replace('"name": "shop"', `"name": "shop-${kind.toLowerCase()}"`)).join()} ] }`;
  const service = '{ "kind": "Service", "apiVersion": "v1", "metadata": { "name": "shop" }, "spec": { "ports": [] } }';
  const numbers = '{ "kind": "Other", "big": 12345678901234567890, "e": 1e3, "small": 1.50 }';
  const nulls = WORKLOADS['Job']!.replace('"restartPolicy"', '"initContainers": null, "volumes": [], "restartPolicy"');
  const init = WORKLOADS['Pod']!.replace('"restartPolicy"', '"initContainers": [ { "name": "migrate" } ], "restartPolicy"');
  const taken = WORKLOADS['Pod']!.replace('"env": [', '"env": [ { "name": "MYSQL_HOST", "valueFrom": { "x": { "name": "h" } } },');
  for (const text of [list, nulls, init, taken, `${service}\n${WORKLOADS['Deployment']!}${numbers}`]) {
    const once = injected(text, { rewrite: 'DATABASE_URL', 'pod-monitor': true });
    t.equal(injected(once, { rewrite: 'DATABASE_URL', 'pod-monitor': true }), once);
    t.equal(removed(once), printed(text));
    t.not(once, printed(text));
    t.notMatch(JSON.stringify(once.match(/"sluice\/injected": "\{.*/g)), 'p%40ss', 'no password in the annotation');
  }
  t.end();
});

t.test('inject leaves the order of keys and the digits of numbers as they are', (t) => {
  const once = injected(`${WORKLOADS['Deployment']!} { "kind": "Other", "2": 12345678901234567890, "1": 1.50 }`);
  t.match(once, /"2": "b",\s+"1": "a",\s+"__proto__": "p"/);
  t.match(once, /"2": 12345678901234567890,\s+"1": 1\.50/);
  t.match(refusal(() => injected('{ "kind": "Pod", "kind": "Pod" }')), /^input:1:18: the key "kind" is given twice/);
  t.end();
});

t.test('inject makes the budget follow from the memory limit of the application', (t) => {
  const limited = (text: string, limit: string) => text.replace('"image"', `"resources": { "limits": { "memory": ${limit} } }, "image"`);
  const read = (text: string, flags?: Flags) => readInjected(injected(text, flags));
  const variable = { name: 'SLUICE_APPLICATION_MEMORY', valueFrom: { resourceFieldRef: { containerName: 'shop', resource: 'limits.memory' } } };
  for (const [kind, text] of Object.entries(WORKLOADS)) {
    const { config, pod } = read(limited(text, '"512Mi"'));
    t.match(JSON.parse(config), { budget: { bytes: 'auto' } }, kind);
    t.match(pod.spec.initContainers[0]!['env'], [{ name: 'SLUICE_ADMIN' }, variable], kind);
  }
  const { Job, Pod } = WORKLOADS as { readonly Job: string; readonly Pod: string };
  const once = injected(limited(Pod, '"512Mi"'));
  t.equal(injected(once), once);
  t.equal(removed(once), printed(limited(Pod, '"512Mi"')));
  t.match(read(limited(Job, '"512Mi"'), { upstream: 'db' }).config, /"bytes": "auto"/, 'without a URL all containers count');

  const env = (name: string, memory: string) => `{ "name": "${name}", "env": [ { "name": "DATABASE_URL", "value": "mysql://db/x" } ],
    "resources": { "limits": { "memory": ${memory} } } }`;
  const several = Pod.replace(/"containers": \[[^]*\],\s*"restartPolicy"/, `"containers": [ { "name": "cache", "resources": { "limits": { "memory": "1Mi" } } },
    ${env('web', '"1.5Gi"')}, ${env('queue', '1e9')}, ${env('cron', '"1G"')}, ${env('free', 'null')} ], "restartPolicy"`);
  t.match(read(several).pod.spec.initContainers[0]!['env'], [{}, { valueFrom: { resourceFieldRef: { containerName: 'queue' } } }],
    'the lowest limit counts, of those that have the URL');

  const folder = t.testdir({ 'auto.json': '{ "budget": { "bytes": "auto" } }', 'open.json': '{ "mode": "audit" }',
    'size.json': '{ "budget": { "bytes": "1MiB" } }', 'none.json': '{ "budget": { "bytes": null } }' });
  const from = (name: string): Flags => ({ config: join(folder, name), rewrite: 'DATABASE_URL' });
  t.match(read(limited(Pod, '"1Gi"'), from('open.json')).config, /"bytes": "auto"/);
  for (const [name, bytes] of [['size.json', '1MiB'], ['none.json', null]] as const) {
    const { config, pod } = read(limited(Pod, '"1Gi"'), from(name));
    t.strictSame(JSON.parse(config).budget, { bytes }, name);
    t.notMatch(JSON.stringify(pod), 'SLUICE_APPLICATION_MEMORY', name);
  }
  for (const text of [Pod, limited(Pod, '"0"'), limited(Pod, '0')]) {
    const { config, pod } = read(text);
    t.match(JSON.parse(config), { budget: { bytes: '256MiB' } }, 'without a limit the preset has a size');
    t.notMatch(JSON.stringify(pod), 'SLUICE_APPLICATION_MEMORY');
  }
  t.match(refusal(() => injected(Pod, from('auto.json'), { SLUICE_APPLICATION_MEMORY: '1073741824' })),
    /^Pod shop: budget\.bytes: "auto" is a part of the application's memory limit, and no container/);
  t.match(refusal(() => injected(limited(Pod, '"much"'))),
    'Pod shop: the memory limit of the container shop: expected a quantity such as 512Mi, got much');
  t.end();
});

t.test('another configuration changes the pod, so that new pods start with it', (t) => {
  const [one, other] = ['1000', '2000'].map((rows) =>
    readInjected(injected(WORKLOADS['Deployment']!, { upstream: 'db', 'max-rows': rows })).pod.metadata.annotations);
  t.ok(one!['sluice/injected']);
  t.not(one!['sluice/injected'], other!['sluice/injected']);
  t.end();
});

t.test('inject refuses a URL that it cannot see, and says where it comes from', (t) => {
  const withEnv = (env: string) => WORKLOADS['Pod']!.replace(/"env": \[.*?\]/, `"env": [ ${env} ]`);
  const of = (value: string) => refusal(() => injected(withEnv(`{ "name": "DATABASE_URL", ${value} }`)));
  t.match(of('"valueFrom": { "secretKeyRef": { "name": "shop-db", "key": "url" } }'),
    /--rewrite DATABASE_URL: Pod shop, container shop: its value comes from the Secret shop-db \(key url\)/);
  t.match(of('"value": "mysql://u:$(PASSWORD)@$(HOST):3306/shop"'), /its server is the variable \$\(HOST\)/);
  t.match(of('"value": "postgres://db/shop"'), /"postgres:" is not of MySQL or MariaDB/);
  t.match(of('"value": "mysql:///shop"'), /it names no host/);
  t.match(refusal(() => injected(withEnv(''))), /no container has such a variable$/);
  const fromSecret = withEnv('').replace('"env"', '"envFrom": [ { "secretRef": { "name": "shop-env" } } ], "env"');
  t.match(refusal(() => injected(fromSecret)), /if it comes from the Secret shop-env, write the URL here/);
  const composed = injected(withEnv('{ "name": "DATABASE_URL", "value": "mysql://$(U):$(P)@db:3306/shop" }'));
  t.match(composed, 'mysql://$(U):$(P)@127.0.0.1:3307/shop');
  t.end();
});

t.test('inject refuses what it would have to guess or overwrite', (t) => {
  const [Deployment, Pod] = [WORKLOADS['Deployment']!, WORKLOADS['Pod']!];
  const refused = (text: string, flags?: Flags) => refusal(() => injected(text, flags));
  t.match(refused(Deployment, {}), /the server is not known: give --upstream HOST:PORT, or --rewrite NAME/);
  t.match(refused(Deployment.replace('"image"', '"ports": [ { "containerPort": 9307 } ], "x"').replace(/"ports": \[ \{ "name".*\]/, '"y": 1')),
    /the container shop has the port 9307/);
  t.match(refused(Pod.replace('"name": "shop", "image"', '"name": "sluice", "image"')), /has a container sluice that/);
  t.match(refused(Deployment.replace('"name": "shop"', '"generateName": "shop-"')), /needs metadata.name/);
  t.match(refused('{ "kind": "Service", "apiVersion": "v1" }'), /nothing here gets a sidecar: expected one of Deployment/);
  t.match(refused('kind: Pod\n'), /it looks like YAML, which kubectl create --dry-run=client -o json/);
  t.match(refused(''), /it is empty/);
  const map = '{ "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "shop-sluice" } }';
  t.match(refused(map + Pod), /needs the ConfigMap shop-sluice, and there is one that sluice inject has not made/);
  const changed = injected(Pod).replace('\\"made\\"', '\\"mad\\"');
  t.match(refused(changed), /the annotation sluice\/injected is not as sluice inject writes it/);
  t.end();
});

t.test('sluice inject reads standard input or a file, and prints nothing when it refuses', async (t) => {
  const folder = t.testdir({ 'shop.json': WORKLOADS['Deployment']!, 'sluice.json': '{ "upstream": "db2", "mode": "audit" }',
    'files.json': '{ "upstream": { "host": "db", "tls": { "ca": "ca.pem" } }, "audit": { "to": "a.json" }, "kill": { "user": "k", "passwordFile": "p" } }' });
  const piped = await run(process.execPath, [CLI, 'inject', '--rewrite', 'DATABASE_URL'], { input: WORKLOADS['Deployment']! });
  t.match(piped, { code: 0, stdout: injected(WORKLOADS['Deployment']!), stderr: '' });
  const file = join(folder, 'shop.json');
  const withConfig = await sluice(['inject', '--config', join(folder, 'sluice.json'), '--image', 'sluice:test', file]);
  t.match(withConfig, { code: 0, stdout: /"image": "sluice:test"/, stderr: '' });
  t.match(readInjected(withConfig.stdout).config, /"upstream": "db2",\n {2}"mode": "audit"/);
  t.match(await sluice(['inject', file]), { code: 2, stdout: '', stderr: /the server is not known/ });
  t.match(refusal(() => injected(WORKLOADS['Job']!, { config: join(folder, 'files.json') })),
    /^config: upstream\.tls\.ca: is on this machine.*\nconfig: audit\.to: .*\nconfig: kill\.passwordFile: /);
  t.match(await sluice(['inject', '--remove', '--image', 'x', file]), { code: 2, stdout: '', stderr: /--image: .*--remove/ });
});

/** Validates objects as a cluster of this version would. YAML is read by PyYAML. */
const VALIDATE = `
import sys, yaml, kubernetes_validate, jsonschema
for text in sys.argv[2:]:
    for found in yaml.safe_load_all(text):
        if found['kind'] == 'PodMonitor':
            crd = yaml.safe_load(open(sys.argv[1]))
            schema = crd['spec']['versions'][0]['schema']['openAPIV3Schema']
            jsonschema.validate(found, schema)
        else:
            kubernetes_validate.validate(found, '1.37', strict=True)
`;
const validate = (texts: readonly string[]) => runPython(['-c', VALIDATE, POD_MONITOR_CRD.pathname, ...texts]);

t.test('manifests of the documents, and those that inject prints, are valid in Kubernetes', {
  skip: isMissing({ language: 'python' }),
}, async (t) => {
  const documented = blocksIn(OPERATIONS, 'yaml').filter((block) => block.startsWith('apiVersion:'));
  t.equal(documented.length, 2);
  const limited = WORKLOADS['Pod']!.replace('"image"', '"resources": { "limits": { "memory": "512Mi" } }, "image"');
  const printedOnes = [...Object.values(WORKLOADS), limited]
    .map((text) => injected(text, { rewrite: 'DATABASE_URL', 'pod-monitor': true }));
  const streams = printedOnes.flatMap(textsIn);
  t.match(await validate([...documented, ...streams]), { code: 0, stderr: '' });
  const wrong = streams.find((text) => text.includes('"kind": "PodMonitor"'))!;
  t.match(await validate([wrong.replace('"port": "sluice-metrics"', '"port": 9307')]), { code: 1, stderr: /9307 is not of type/ });
  t.match(await validate([streams[1]!.replace('"readOnly": true', '"readOnly": "yes"')]), { code: 1, stderr: /readOnly|yes/ });
});
