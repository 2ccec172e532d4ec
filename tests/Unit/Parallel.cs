using NUnit.Framework;

// Fixtures share nothing but the process; those that listen to its meters or change its environment say NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
