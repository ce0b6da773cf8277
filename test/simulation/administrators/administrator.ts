import type { OrderResult } from '../../../src/telemetry/sessionOrder.js';
import type { SessionDetail, SessionView } from '../../../src/telemetry/status.js';
import { clientHost, configOf } from '../config.js';
import type { AskedKill } from '../invariants/kills.js';
import { checkMemoryShown } from '../invariants/memoryLimit.js';
import type { ConnectionLedger } from '../ledger.js';
import type { Act } from '../plan.js';
import type { WorldRun } from '../runWorld.js';
import { tagIn } from '../statements.js';

/** Does what administrators do: reloads, orders, looks, and stops Sluice. */
export class Administrator {
  /** The statements that somebody has asked to have killed. */
  readonly asked: AskedKill[] = [];
  /** The orders that were given. */
  readonly orders: { readonly order: 'kill' | 'end', readonly user: string, readonly atMs: number }[] = [];
  stoppedAtMs: number | null = null;

  constructor(private readonly run: WorldRun) {}

  /** Plans all acts. */
  begin(): void {
    const { plan, news } = this.run;
    for (const act of plan.acts) {
      const then = (): void => void this.run.after(act.when.ms, () => void this.act(act));
      if (act.when.after === null) then();
      else news.when(act.when.after, then);
    }
  }

  private async act(act: Act): Promise<void> {
    const { run } = this;
    run.news.tell(`administrator: ${act.do} ${'client' in act ? act.client : ''}`);
    try {
      await run.inSluice(() => this.carryOut(act));
    } catch (error) {
      run.violations.add('no errors', `${act.do}: ${(error as Error).stack}`);
    }
  }

  private async carryOut(act: Act): Promise<void> {
    const { run, run: { proxy, plan, news } } = this;
    switch (act.do) {
      case 'reload': {
        const config = configOf(act.settings, plan.servers.length, plan.around);
        const change = await proxy!.prepare(config);
        run.inSluice(() => change.apply());
        run.inForce(config);
        news.fact('world', 'reload');
        break;
      }
      case 'list':
        for await (const view of proxy!.sessionViews(0)) this.checkView(view);
        checkMemoryShown(run);
        break;
      case 'view': {
        const found = await this.find(act.client);
        if (found !== null) this.checkView(found.detail);
        break;
      }
      case 'kill':
      case 'end':
        await this.order(act.client, act.do);
        break;
      case 'reopen':
        run.program.reopen();
        news.fact('world', 'records go to a new file');
        break;
      case 'stop':
        this.stoppedAtMs ??= run.nowMs();
        proxy!.endIdle();
        run.after(act.forcedAfterMs, () => run.inSluice(() => proxy!.destroy()));
    }
  }

  private async order(client: string, order: 'kill' | 'end'): Promise<void> {
    const { run, run: { proxy, news, plan } } = this;
    const orderedAtMs = run.nowMs();
    const found = await this.find(client);
    if (found === null) return;
    const { detail, connection } = found;
    const sql = detail.statement?.['sql'];
    const tag = typeof sql === 'string' ? tagIn(sql) : null;
    const underWay = connection.exchanges.filter(({ end, isAnswered }) => end === null || !isAnswered);
    const asked = new Set(underWay.filter((exchange) => tag === null || exchange.tag === tag));
    this.asked.push(asked);
    this.orders.push({ order, user: connection.user, atMs: run.nowMs() });
    const result: OrderResult = await proxy!.order(detail.session, order);
    // An order takes its time to a worker, and hits what runs once it has come.
    const since = connection.exchanges.filter(({ end, overAtMs }) => end === null || overAtMs >= orderedAtMs);
    if (plan.around?.workers !== undefined) for (const exchange of since) asked.add(exchange);
    news.tell(`${order} of ${connection.user}: ${result.outcome}`);
    news.fact('world', `${order}: ${result.outcome}`);
  }

  /** The session of a client's last connection. */
  private async find(client: string): Promise<Found | null> {
    const { proxy, ledger } = this.run;
    const connection = ledger.connections.findLast((one) => one.client === client);
    if (connection === undefined) return null;
    const address = `${clientHost(client)}:${connection.clientPort}`;
    for await (const view of proxy!.sessionViews(0)) {
      if (view.client !== address) continue;
      const detail = await proxy!.session(view.session);
      if (detail !== null) return { detail, connection };
    }
    return null;
  }

  /** Checks that the view of a session agrees with the models: it shows no more rows than its server has sent. */
  private checkView({ client, command, state }: SessionView): void {
    const { ledger, violations, news } = this.run;
    news.fact('world', `shown: ${state}`);
    const connection = ledger.connections.find(({ clientPort }) => client.endsWith(`:${clientPort}`));
    if (connection === undefined || command === null) return;
    const most = connection.exchanges.reduce((sum, { sentRows }) => sum + sentRows, 0);
    if (command.rows > most) violations.add('views', `${connection.user}: ${command.rows} rows shown, ${most} sent`);
  }
}

/** A session, and the connection of its client. */
interface Found {
  readonly detail: SessionDetail;
  readonly connection: ConnectionLedger;
}
