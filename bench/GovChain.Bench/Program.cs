using BenchmarkDotNet.Running;

// dotnet run -c Release --project bench/GovChain.Bench -- --filter '*Signature*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
