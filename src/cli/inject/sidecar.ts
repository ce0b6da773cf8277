import { createHash } from 'node:crypto';
import { APPLICATION_MEMORY_VARIABLE } from '../../config/automatic.js';
import type { ExactObject } from '../../config/json.js';
import { exactObject, isMap, type PlainJson, textAt } from './exactObjects.js';
import type { Workload } from './workload.js';

// The parts of a sidecar in manifests: the container, its volume, its ConfigMap and its PodMonitor.

/** The parts of the sidecar that differ. */
export interface Sidecar {
  readonly image: string;
  /** The configuration: the text of sluice.json. */
  readonly config: string;
  /** The ports on which it listens. */
  readonly ports: { readonly clients: number; readonly admin: number };
  /** The container whose memory limit it gets in a variable; null if it needs none. */
  readonly memoryOf: string | null;
}

/** The name of the container, and of its volume. */
export const NAME = 'sluice';
/** The label of a pod with a sidecar, by which its PodMonitor finds it. Its value is the workload's name. */
export const POD_LABEL = 'sluice/injected';
/** A port's name is unique in its pod, and "metrics" is often taken. It has at most 15 characters. */
const METRICS_PORT = 'sluice-metrics';

const OWNER_LABEL = 'app.kubernetes.io/managed-by';
const OWNER = 'sluice-inject';

const mapName = ({ name }: Workload): string => `${name}-sluice`;

/** Changes with the configuration, so that a new one starts new pods. */
export function configDigest({ config }: Sidecar): string {
  return createHash('sha256').update(config).digest('hex').slice(0, 16);
}

/**
 * The container. It stands first among the init containers: as a native sidecar (Kubernetes 1.29) it is there before
 * all others, ends after them, and does not keep a Job from completing.
 */
export function containerOf({ image, ports, memoryOf }: Sidecar): ExactObject {
  const ready = { httpGet: { path: '/readyz', port: METRICS_PORT } };
  return exactObject({
    name: NAME,
    image,
    restartPolicy: 'Always',
    args: ['--config', '/etc/sluice/sluice.json'],
    // The image has another address in this variable, which overrides the file. Kubernetes asks from outside the pod.
    env: [{ name: 'SLUICE_ADMIN', value: `0.0.0.0:${ports.admin}` }, ...(memoryOf === null ? [] : [limitOf(memoryOf)])],
    ports: [{ name: METRICS_PORT, containerPort: ports.admin }],
    startupProbe: { ...ready, periodSeconds: 1, failureThreshold: 30 },
    livenessProbe: { httpGet: { path: '/livez', port: METRICS_PORT } },
    readinessProbe: ready,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: NAME, mountPath: '/etc/sluice', readOnly: true }],
  });
}

/** A variable with the memory limit of a container in bytes. Kubernetes fills it in when the sidecar starts. */
function limitOf(containerName: string): PlainJson {
  return {
    name: APPLICATION_MEMORY_VARIABLE, valueFrom: { resourceFieldRef: { containerName, resource: 'limits.memory' } },
  };
}

/** The volume with the configuration. */
export function volumeOf(workload: Workload): ExactObject {
  return exactObject({ name: NAME, configMap: { name: mapName(workload) } });
}

function metadataOf(workload: Workload): ExactObject {
  const { namespace } = workload;
  return exactObject({
    name: mapName(workload),
    ...(namespace === null ? {} : { namespace }),
    labels: { [OWNER_LABEL]: OWNER },
  });
}

/** The ConfigMap with the configuration. */
export function configMapOf(workload: Workload, { config }: Sidecar): ExactObject {
  return exactObject({
    apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(workload), data: { 'sluice.json': config },
  });
}

/** The PodMonitor, with which the Prometheus operator reads the metrics of these pods. */
export function podMonitorOf(workload: Workload): ExactObject {
  return exactObject({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: metadataOf(workload),
    spec: {
      selector: { matchLabels: { [POD_LABEL]: workload.name } },
      podMetricsEndpoints: [{ port: METRICS_PORT }],
    },
  });
}

/** Whether `sluice inject` has made this object. */
export function isOurs(object: ExactObject): boolean {
  const metadata = object.get('metadata');
  const labels = isMap(metadata) ? metadata.get('labels') : null;
  return isMap(labels) && textAt(labels, OWNER_LABEL) === OWNER;
}
