import type { GroupMemory } from '../config/cgroup.js';
import { world } from '../world/world.js';
import type { LoopDelay } from './eventLoop.js';
import type { FamilyList } from './familyList.js';
import { openDescriptors } from './openDescriptors.js';

/**
 * Reads the metrics of this process, under the names of Prometheus' own client libraries where they have one.
 * @param container the memory of its container; null if it has no limit, or another process reports it
 */
export function readProcess(out: FamilyList, { p50, p99, max }: LoopDelay, container: GroupMemory | null): void {
  out.gauge(
    'sluice_event_loop_delay_p50_seconds', 'How late the event loop was, median of the last 15 seconds.',
    p50,
  );
  out.gauge(
    'sluice_event_loop_delay_p99_seconds', 'How late the event loop was, 99th percentile of the last 15 seconds.',
    p99,
  );
  out.gauge(
    'sluice_event_loop_delay_max_seconds', 'How late the event loop was at most in the last 15 seconds.',
    max,
  );
  const { rss, heapUsed } = process.memoryUsage();
  out.gauge('process_resident_memory_bytes', 'Memory that the process has resident.', rss);
  out.gauge('sluice_heap_used_bytes', 'Memory of that which JavaScript objects use.', heapUsed);
  out.counter('process_cpu_seconds_total', 'CPU time that the process has used.', world.cpuMs() / 1000);
  out.gauge(
    'process_start_time_seconds', 'When the process began, in seconds since 1970.',
    world.startedAtMs / 1000,
  );
  memoryOf(container, out);
  const descriptors = openDescriptors();
  if (descriptors === null) return;
  out.gauge('process_open_fds', 'File descriptors that are open.', descriptors.open);
  out.gauge('process_max_fds', 'File descriptors that may be open.', descriptors.max);
}

function memoryOf(container: GroupMemory | null, out: FamilyList): void {
  if (container === null) return;
  out.gauge(
    'sluice_container_memory_used_bytes',
    'Memory that the container of Sluice uses, without the file cache that the kernel can take back; only where it ' +
      'has a limit.',
    container.usedBytes,
  );
  out.gauge(
    'sluice_container_memory_limit_bytes',
    'The memory limit of the container: above 90 % of it new clients are turned away.', container.limitBytes,
  );
}
