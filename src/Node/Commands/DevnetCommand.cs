using System.CommandLine;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Node.Auditing;
using GovChain.Node.Devnet;
using Spectre.Console;

namespace GovChain.Node.Commands;

/// <summary><c>govchain devnet</c>: the whole product on one machine, with real processes, keys, disks and votes.</summary>
internal static class DevnetCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "devnet";

    private const int GeneratedEvents = 250;

    public static Command Create()
    {
        var directory = new Option<string>("--dir")
        {
            Description = "Where keys, configuration and ledgers live; a network that stands there goes on",
            HelpName = "DIR",
            DefaultValueFactory = _ => "devnet",
        };
        var departments = new Option<int?>("--departments")
        {
            Description = $"How many departments, 1 to {DevnetLayout.DepartmentsMax} (default: 4; fewer than 4 tolerate no fault)",
            HelpName = "N",
        };
        departments.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 1 or > DevnetLayout.DepartmentsMax)
                r.AddError($"--departments: 1 to {DevnetLayout.DepartmentsMax} are expected.");
        });
        var imports = new Option<string[]>("--import")
        {
            Description = "A file to import: NDJSON, or RSF; may be given several times, one department each. Without it records are generated",
            HelpName = "FILE[:TYPE]",
        };
        var exit = new Option<bool>("--exit") { Description = "Stop after the audit instead of staying until Ctrl-C" };
        Option<bool> json = Output.JsonOption();
        var command = new Command(Name,
            "Run a network of departments on this machine: one process each, real keys, real votes, real disks. Imports records "
            + "through the departments' own nodes, audits every node, and stays until Ctrl-C.")
            { directory, departments, imports, exit, json };
        command.SetAction((result, cancellation) => new DevnetRun(
            new DevnetLayout(result.GetRequiredValue(directory)), result.GetValue(departments), result.GetValue(imports) ?? [],
            result.GetValue(exit), result.GetValue(json)).RunAsync(cancellation));
        return command;
    }

    private sealed class DevnetRun(DevnetLayout layout, int? count, string[] files, bool exit, bool json)
    {
        private volatile bool _stopping;
        private volatile bool _nodeEnded;

        public async Task<int> RunAsync(CancellationToken cancellation)
        {
            using CancellationTokenRegistration interrupted = cancellation.Register(() => _stopping = true);
            IReadOnlyList<DevnetDepartment> departments = new DevnetBuilder(layout).Prepare(count);
            IReadOnlyList<DevnetImport> imports = ReadFiles(departments);
            Directory.CreateDirectory(layout.At("imports"));
            Say($"Starting {departments.Count} departments in {layout.Directory} ...");
            await using DevnetNetwork network = await DevnetNetwork.StartAsync(layout, departments, cancellation);
            try
            {
                return await RunAsync(network, imports, cancellation);
            }
            finally
            {
                _stopping = true;
            }
        }

        private async Task<int> RunAsync(DevnetNetwork network, IReadOnlyList<DevnetImport> imports, CancellationToken cancellation)
        {
            ShowProcesses(network);
            foreach (int i in Enumerable.Range(0, network.Departments.Count))
                _ = ReportEndAsync(network, i);
            await EnrolClerksAsync(network, cancellation);
            await ImportAsync(network, imports, cancellation);
            Say("Auditing every node from genesis ...");
            AuditReport[] audits = await network.AuditAllAsync(expected: null, cancellation);
            bool whole = audits.All(a => a.Ok && a.Height == audits[0].Height && a.StateRoot == audits[0].StateRoot && a.LogRoot == audits[0].LogRoot);
            bool ended = imports.All(i => i.Summary is { } s && s.Committed + s.Refused.Count == i.File.Events.Count);
            ShowResult(network, imports, audits, whole);
            if (!exit)
                await StayAsync(network, cancellation);
            return whole && ended && !_nodeEnded ? ExitCode.Ok : ExitCode.ProblemsFound;
        }

        private List<DevnetImport> ReadFiles(IReadOnlyList<DevnetDepartment> departments)
        {
            var imports = new List<DevnetImport>();
            if (files.Length == 0)
                GenerateFiles(departments, imports);
            for (int i = 0; i < files.Length; i++)
            {
                (string path, string type) = DevnetImport.ParseArgument(files[i]);
                ImportFormat format = ImportFileReader.FormatOf(path) ?? throw new CommandException(
                    ExitCode.Usage, $"--import {files[i]}: the file's name must end with .ndjson, .jsonl or .rsf.");
                imports.Add(new DevnetImport(layout, departments[i % departments.Count], ImportFileReader.Read(path, format), type));
            }
            return imports;
        }

        private void GenerateFiles(IReadOnlyList<DevnetDepartment> departments, List<DevnetImport> imports)
        {
            Directory.CreateDirectory(layout.At("generated"));
            for (int i = 0; i < departments.Count; i++)
            {
                string type = RecordGenerator.TypeOf(i);
                string path = layout.At("generated", $"{type}.ndjson");
                RecordGenerator.Write(path, i, GeneratedEvents);
                imports.Add(new DevnetImport(layout, departments[i], ImportFileReader.Read(path, ImportFormat.Ndjson), type));
            }
        }

        private void ShowProcesses(DevnetNetwork network)
        {
            if (json)
                return;
            Table table = new Table().Border(TableBorder.Simple)
                .AddColumns("department", "process", "clients", "administration", "peers");
            for (int i = 0; i < network.Departments.Count; i++)
            {
                DevnetDepartment d = network.Departments[i];
                table.AddRow(d.Id, $"{network.Processes[i].Id}", $"localhost:{d.ClientPort}", $"localhost:{d.AdministrationPort}", $"localhost:{d.PeerPort}");
            }
            Output.Table(table);
        }

        private async Task EnrolClerksAsync(DevnetNetwork network, CancellationToken cancellation)
        {
            Say("Enrolling each department's clerk ...");
            await Task.WhenAll(Enumerable.Range(0, network.Departments.Count).Select(async i =>
            {
                using LedgerClient client = network.ConnectClient(i);
                await DevnetImport.EnrolClerkAsync(layout, network.Departments[i], client, cancellation);
            }));
        }

        private async Task ImportAsync(DevnetNetwork network, IReadOnlyList<DevnetImport> imports, CancellationToken cancellation)
        {
            int events = imports.Sum(i => i.File.Events.Count);
            Say($"Importing {events} events, each department its own ...");
            long start = TimeProvider.System.GetTimestamp();
            if (json || Console.IsOutputRedirected)
            {
                await Task.WhenAll(imports.Select(i => RunOneAsync(network, i, null, cancellation)));
            }
            else
            {
                await AnsiConsole.Progress()
                    .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                    .StartAsync(context => Task.WhenAll(imports.Select(i =>
                    {
                        ProgressTask bar = context.AddTask($"{i.Department.Id}: {i.Type}", maxValue: Math.Max(1, i.File.Events.Count));
                        return RunOneAsync(network, i, p => bar.Value = p.Committed + p.Refused, cancellation);
                    })));
            }
            TimeSpan took = TimeProvider.System.GetElapsedTime(start);
            int ended = events - imports.Sum(i => i.EndedBefore);
            Say(ended == 0
                ? $"Nothing was left to import: an earlier start had brought all {events} events to their end."
                : $"{ended} events in {took.TotalSeconds:F1} s, {ended / Math.Max(0.001, took.TotalSeconds):F0} a second.");
        }

        private static async Task RunOneAsync(
            DevnetNetwork network, DevnetImport import, Action<ImportProgress>? progress, CancellationToken cancellation)
        {
            int department = network.Departments.ToList().IndexOf(import.Department);
            using LedgerClient client = network.ConnectClient(department);
            await import.RunAsync(client, progress, cancellation);
        }

        private void ShowResult(DevnetNetwork network, IReadOnlyList<DevnetImport> imports, AuditReport[] audits, bool whole)
        {
            if (json)
            {
                Output.Json(ToJson(network, imports, audits, whole));
                return;
            }
            foreach (DevnetImport i in imports)
            {
                ImportSummary s = i.Summary!;
                Output.Line($"{i.Department.Id}: {i.Type}: {s.Registered} registered, {s.Amended} amended, {s.Annulled} annulled, {s.Refused.Count} refused");
                foreach (ImportResult refused in s.Refused.Take(5))
                    Output.Line($"  line {i.File.Events[refused.Event].Line}: {refused.Code}: {refused.Message}");
            }
            foreach (AuditReport audit in audits)
                AuditCommand.Print(audit);
            Output.Line(whole
                ? $"All {audits.Length} nodes hold the same whole ledger: block {audits[0].Height}, {audits[0].Transactions} transactions."
                : "The nodes' ledgers are NOT all whole and equal.");
            ShowWhatToTry(network, imports, audits[0]);
        }

        private void ShowWhatToTry(DevnetNetwork network, IReadOnlyList<DevnetImport> imports, AuditReport audit)
        {
            string dir = Path.GetRelativePath(Environment.CurrentDirectory, layout.Directory);
            DevnetImport? sample = imports.FirstOrDefault(i => i.Committed.Count > 0);
            if (sample is null)
                return;
            string profile = $"--profile {dir}/{sample.Department.Id}/{DevnetBuilder.Clerk}.json";
            string record = $"{sample.Type} {sample.File.Events[sample.Committed[0].Event].RecordId}";
            Output.Line();
            Output.Line(exit ? "To go on, start it again without --exit; then:" : "To go on, in another terminal:");
            Output.Line($"  ./govchain record history {record} {profile}");
            Output.Line($"  ./govchain record register {sample.Type} TRY-1 --content '{{\"name\":\"test\"}}' {profile}");
            Output.Line($"  ./govchain receipt get {sample.Committed[0].TransactionId} -o receipt.json {profile}");
            Output.Line($"  ./govchain receipt verify receipt.json --genesis-digest {audit.ChainId}");
            Output.Line($"  ./govchain node status {profile}");
            Output.Line($"  ./govchain audit --data {dir}/{sample.Department.Id}/data");
            Output.Line($"  tail {dir}/{sample.Department.Id}/node.log");
            Output.Line($"  curl --cacert {dir}/ca/ca.pem https://localhost:{sample.Department.ClientPort}/v1/status");
        }

        private JsonObject ToJson(DevnetNetwork network, IReadOnlyList<DevnetImport> imports, AuditReport[] audits, bool whole) => new()
        {
            ["ok"] = whole,
            ["directory"] = layout.Directory,
            ["genesisDigest"] = audits[0].ChainId.ToString(),
            ["ca"] = layout.AuthorityCertificate,
            ["departments"] = new JsonArray([.. network.Departments.Select((d, i) => (JsonNode)new JsonObject
            {
                ["id"] = d.Id,
                ["process"] = network.Processes[i].Id,
                ["clients"] = $"https://localhost:{d.ClientPort}",
                ["administration"] = $"https://localhost:{d.AdministrationPort}",
                ["profile"] = layout.At(d.Id, $"{DevnetBuilder.Clerk}.json"),
                ["data"] = layout.At(d.Id, "data"),
            })]),
            ["imports"] = new JsonArray([.. imports.Select(i =>
            {
                JsonObject summary = ImportCommand.ToJson(i.File, i.Summary!);
                summary["type"] = i.Type;
                summary["department"] = i.Department.Id;
                summary["receiptToTry"] = i.Committed.Count > 0 ? i.Committed[0].TransactionId : null;
                return (JsonNode)summary;
            })]),
            ["audits"] = new JsonArray([.. audits.Select(a => (JsonNode)a.ToJson())]),
        };

        private async Task StayAsync(DevnetNetwork network, CancellationToken cancellation)
        {
            Say("\nThe network runs until Ctrl-C.");
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                _stopping = true;
                Say($"Stopping {network.Departments.Count} departments ...");
            }
        }

        /// <summary>Says so when a node ends that nobody stopped.</summary>
        private async Task ReportEndAsync(DevnetNetwork network, int department)
        {
            NodeProcess process = network.Processes[department];
            int code = await process.Exited;
            if (_stopping)
                return;
            _nodeEnded = true;
            Console.Error.WriteLine(
                $"The node of {network.Departments[department].Id} (process {process.Id}) ended with code {code}; the others go on. Its log ends with:\n{process.LastLines}");
        }

        private void Say(string text)
        {
            if (!json)
                Output.Line(text);
        }
    }
}
