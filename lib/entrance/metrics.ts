/** Where CloudWatch keeps the metrics of a stage: `Sluice/prod` for `/sluice/prod`. */
export const metricsNamespace = (prefix: string): string => prefix.replace(/^\/sluice/, 'Sluice');

/** By name, in the units that CloudWatch knows. */
export type Metrics = Readonly<Record<string, { readonly value: number; readonly unit: 'Count' | 'Percent' }>>;

/** What makes CloudWatch take metrics from a line of a function's log (AWS: Embedded metric format). */
export const embedded = (namespace: string, now: number, metrics: Metrics): object => ({
  ...Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value])),
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: namespace,
        // One set of none: the stage is in the namespace.
        Dimensions: [[]],
        Metrics: Object.entries(metrics).map(([Name, { unit: Unit }]) => ({ Name, Unit })),
      },
    ],
  },
});
