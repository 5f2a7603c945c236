export class SingleOptimizer {}
