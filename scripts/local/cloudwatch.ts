export type Put = {
  readonly Namespace: string;
  readonly MetricData: {
    readonly member: readonly {
      readonly MetricName: string;
      readonly Value: string;
      readonly Dimensions?: { readonly member: readonly { readonly Name: string; readonly Value: string }[] };
    }[];
  };
};

/** CloudWatch, as far as metrics are put by a call (AWS: PutMetricData). What a function logs is read from its log. */
export function metrics() {
  const put: Put[] = [];
  return {
    put: put as readonly Put[],
    handlers: { 'cloudwatch:PutMetricData': (input: Put) => void put.push(input) },
  };
}
