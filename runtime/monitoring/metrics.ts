import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { GatewayError } from '../base/errors.ts';

/** Combinations of label values of one metric; further ones are refused and counted. */
const SERIES_MAX = 1_000;

/** What a name says about its unit, so that nobody has to guess (Prometheus naming). */
const UNIT_ENDINGS = {
  counter: /^airssys_[a-z][a-z0-9_]*_total$/,
  gauge: /^airssys_[a-z][a-z0-9_]*_(seconds|bytes|ratio|info|count|state|celsius)$/,
  histogram: /^airssys_[a-z][a-z0-9_]*_(seconds|bytes)$/,
} as const;

/** Codes of MetricsError. */
export type MetricsErrorCode = 'METRIC_NAME' | 'METRIC_REDEFINED';

/** A metric was declared wrongly: a mistake of the program, found when it starts. */
export class MetricsError extends GatewayError<MetricsErrorCode> {}

/** Values of the labels that a metric was declared with. */
export type Labels = Readonly<Record<string, string>>;

/** A metric's declaration. `name` ends with its unit; `help` is one sentence. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Rises only. */
export interface CounterMetric {
  add(amount: number, labels?: Labels): void;
}

/** Rises and falls. */
export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
  /** Forgets one series, so that what is gone is not reported as it last was. */
  remove(labels: Labels): void;
}

/** Counts values by size. */
export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
}

/** The gateway's own registry: only what is declared here is ever exposed. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #refused: Counter<string>;

  constructor() {
    this.#refused = new Counter({
      name: 'airssys_metric_series_refused_total',
      help: 'Values dropped because a metric has too many combinations of labels.',
      labelNames: ['metric'],
      registers: [this.#registry],
    });
  }

  /** Declares a counter. @throws MetricsError `METRIC_NAME`, `METRIC_REDEFINED` */
  counter(spec: MetricSpec): CounterMetric {
    const metric = new Counter(this.#declare('counter', spec));
    const admits = this.#seriesBound(spec.name);
    return {
      add: (amount, labels = {}) => {
        if (amount > 0 && admits(labels)) metric.inc({ ...labels }, amount);
      },
    };
  }

  /** Declares a gauge. @throws MetricsError `METRIC_NAME`, `METRIC_REDEFINED` */
  gauge(spec: MetricSpec): GaugeMetric {
    const metric = new Gauge(this.#declare('gauge', spec));
    const admits = this.#seriesBound(spec.name);
    return {
      set: (value, labels = {}) => {
        if (admits(labels)) metric.set({ ...labels }, value);
      },
      remove: labels => metric.remove({ ...labels }),
    };
  }

  /** Declares a histogram with upper bounds of its buckets, rising. @throws MetricsError */
  histogram(spec: MetricSpec, buckets: readonly number[]): HistogramMetric {
    const metric = new Histogram({
      ...this.#declare('histogram', spec),
      buckets: [...buckets],
    });
    const admits = this.#seriesBound(spec.name);
    return {
      observe: (value, labels = {}) => {
        if (admits(labels)) metric.observe({ ...labels }, value);
      },
    };
  }

  /** Returns everything in the Prometheus text format 0.0.4. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  #declare(kind: keyof typeof UNIT_ENDINGS, spec: MetricSpec) {
    if (!UNIT_ENDINGS[kind].test(spec.name)) {
      throw new MetricsError('METRIC_NAME', `${spec.name} does not end with a unit of a ${kind}`);
    }
    if (this.#registry.getSingleMetric(spec.name) !== undefined) {
      throw new MetricsError('METRIC_REDEFINED', `${spec.name} is declared twice`);
    }
    const labelNames = [...(spec.labels ?? [])];
    return { name: spec.name, help: spec.help, labelNames, registers: [this.#registry] };
  }

  /** Returns a check that lets known series pass, and new ones up to the bound. */
  #seriesBound(metric: string): (labels: Labels) => boolean {
    const known = new Set<string>();
    return labels => {
      const key = JSON.stringify(Object.entries(labels).sort());
      if (known.has(key)) return true;
      if (known.size >= SERIES_MAX) {
        this.#refused.inc({ metric });
        return false;
      }
      known.add(key);
      return true;
    };
  }
}
