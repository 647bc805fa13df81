/** The namespace of a stage's metrics in CloudWatch: `Sluice/prod` for `/sluice/prod`. */
export const metricsNamespace = (prefix: string): string => prefix.replace(/^\/sluice/, 'Sluice');

export type Metrics = Readonly<Record<string, { readonly value: number; readonly unit: 'Count' | 'Percent' }>>;

/** AWS: Embedded metric format. */
export const embedded = (namespace: string, now: number, metrics: Metrics): object => ({
  ...Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value])),
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: namespace,
        // One empty dimension set; the namespace already names the stage.
        Dimensions: [[]],
        Metrics: Object.entries(metrics).map(([Name, { unit: Unit }]) => ({ Name, Unit })),
      },
    ],
  },
});
