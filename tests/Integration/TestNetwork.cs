using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace GovChain.Tests.Integration;

/// <summary>
/// A network as <c>devnet</c> makes it, by the same classes: one process for each department, in a directory of its own
/// that goes with it.
/// </summary>
internal sealed class TestNetwork : IAsyncDisposable
{
    private const int LogLinesShown = 15;

    private TestNetwork(DevnetLayout layout, DevnetNetwork network, Digest chainId)
    {
        Layout = layout;
        Network = network;
        ChainId = chainId;
    }

    /// <summary>Its files.</summary>
    public DevnetLayout Layout { get; }

    /// <summary>Its processes.</summary>
    public DevnetNetwork Network { get; }

    /// <summary>Its ledger.</summary>
    public Digest ChainId { get; }

    /// <summary>How many departments.</summary>
    public int Count => Network.Departments.Count;

    /// <summary>A department's id.</summary>
    public string Id(int department) => Network.Departments[department].Id;

    /// <summary>A file of a department.</summary>
    public string FileOf(int department, string file) => Layout.At(Id(department), file);

    /// <summary>The profile of a department's administrator, at its own node.</summary>
    public string Administrator(int department) => FileOf(department, $"{DevnetBuilder.Administrator}.json");

    /// <summary>Done when all nodes have stopped, before their files go.</summary>
    public Func<Task>? AfterStop { get; set; }

    /// <summary>Starts departments and enrols their clerks.</summary>
    /// <param name="cancellation">Ends the start.</param>
    /// <param name="configure">Changes the configuration files before the nodes start.</param>
    /// <param name="count">How many departments.</param>
    /// <param name="environment">What the process of a department has in its environment besides.</param>
    /// <param name="founders">How many found the ledger, the others observe; null: all.</param>
    public static async Task<TestNetwork> StartAsync(
        CancellationToken cancellation, Func<DevnetLayout, Task>? configure = null, int count = 4,
        Func<DevnetDepartment, IReadOnlyDictionary<string, string>>? environment = null, int? founders = null)
    {
        var layout = new DevnetLayout(Directory.CreateTempSubdirectory("govchain-test-").FullName);
        DevnetNetwork? network = null;
        try
        {
            IReadOnlyList<DevnetDepartment> departments = new DevnetBuilder(layout).Prepare(count, founders);
            Directory.CreateDirectory(layout.At("imports"));
            if (configure is not null)
                await configure(layout);
            network = await DevnetNetwork.StartAsync(layout, departments, cancellation, environment);
            using LedgerClient client = network.ConnectClient(0);
            Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Digest chainId);
            var made = new TestNetwork(layout, network, chainId);
            await Task.WhenAll(Enumerable.Range(0, founders ?? departments.Count).Select(i => made.EnrolClerkAsync(i, cancellation)));
            return made;
        }
        catch
        {
            ShowLogs(layout);
            if (network is not null)
                await network.DisposeAsync();
            Directory.Delete(layout.Directory, recursive: true);
            throw;
        }
    }

    /// <summary>A file's import by a department, not started.</summary>
    public DevnetImport Import(int department, string path, string type) =>
        new(Layout, Network.Departments[department], ImportFileReader.Read(path, ImportFileReader.FormatOf(path)!.Value), type);

    /// <summary>Runs an import through its own department's node.</summary>
    public async Task RunAsync(DevnetImport import, Action<ImportProgress>? progress, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(Network.Departments.ToList().IndexOf(import.Department));
        await import.RunAsync(client, progress, cancellation);
    }

    /// <summary>Defines a type that anybody may read.</summary>
    public async Task DefineTypeAsync(int department, string type, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(department);
        await DevnetImport.DefineTypeAsync(Layout, Network.Departments[department], client, type, type, "", cancellation);
    }

    /// <summary>By the program: a department's joining file, with its administrator, signed by both keys; its path.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="newcomer">Who joins.</param>
    /// <param name="holder">Whose directory has the key that is to vote.</param>
    /// <param name="validator">That key's name.</param>
    public Task<string> WriteJoiningFileAsync(string name, int newcomer, int holder, string validator) =>
        WriteJoiningFileAsync(Layout, name, Network.Departments[newcomer], Id(holder), validator);

    /// <summary>The same of a network that does not run.</summary>
    public static async Task<string> WriteJoiningFileAsync(DevnetLayout layout, string name, DevnetDepartment who, string home, string validator)
    {
        string file = layout.At(name);
        string validatorKey = layout.At(home, $"{validator}.pem"), administratorKey = layout.At(who.Id, $"{DevnetBuilder.Administrator}.pem");
        await ProgramRun.OkAsync(
            "joining", "create", who.Id, "--network", "devnet", "--title", "en=The newcomer", "--endpoint", $"127.0.0.1:{who.PeerPort}",
            "--validator-key", PublicKeyOf(validatorKey, layout.At(home, "passphrase")),
            "--administrator", $"{DevnetBuilder.Administrator}={PublicKeyOf(administratorKey, layout.At(who.Id, "passphrase"))}", "-o", file);
        await ProgramRun.OkAsync("joining", "sign", file, "--key", validatorKey, "--passphrase-file", layout.At(home, "passphrase"));
        await ProgramRun.OkAsync("joining", "sign", file, "--key", administratorKey, "--passphrase-file", layout.At(who.Id, "passphrase"));
        return file;

        static string PublicKeyOf(string key, string passphraseFile)
        {
            using ISigner signer = KeyOptions.Open(key, passphraseFile);
            return signer.PublicKey.ToString();
        }
    }

    /// <summary>A registration, signed by the department's clerk, that can commit for ten minutes.</summary>
    public SignedEnvelope SignRegistration(int department, string type, string id, byte[] content)
    {
        DevnetDepartment who = Network.Departments[department];
        using ISigner clerk = KeyOptions.Open(
            Layout.At(who.Id, $"{DevnetBuilder.Clerk}.pem"), Layout.At(who.Id, "passphrase"));
        var change = new RecordChange
        {
            Record = new RecordName { Type = type, Id = id },
            Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = "application/json",
                    Content = Google.Protobuf.ByteString.CopyFrom(content),
                },
            },
        };
        ulong expiry = (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds();
        return new TransactionFactory(ChainId, clerk).Create(body => body.Register = change, expiry);
    }

    /// <summary>Submits as a client should: again while the node says that it cannot take it yet, for it may not have seen
    /// yet that the others are back.</summary>
    public static async Task<TransactionOutcome> SubmitAsync(
        LedgerClient client, SignedEnvelope envelope, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(60), cancellation);
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                await Task.Delay(e.RetryAfter ?? TimeSpan.FromMilliseconds(200), cancellation);
            }
        }
    }

    /// <summary>Waits until a node says of itself what is waited for; while it begins anew, its listener is away.</summary>
    public async Task<GetStatusResponse> UntilAsync(int department, Func<GetStatusResponse, bool> condition, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(department);
        while (true)
        {
            try
            {
                GetStatusResponse status = await client.GetStatusAsync(cancellation);
                if (condition(status))
                    return status;
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                // it comes back
            }
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>Waits until every node has a height; what waits in their pools may go on waiting.</summary>
    public async Task WaitUntilAllHaveAsync(ulong height, CancellationToken cancellation)
    {
        for (int i = 0; i < Count; i++)
        {
            using LedgerClient client = Network.ConnectClient(i);
            while ((await client.GetStatusAsync(cancellation)).Height < height)
                await Task.Delay(20, cancellation);
        }
    }

    /// <summary>The department that a node takes for the leader.</summary>
    public async Task<int> LeaderAsync(int asked, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(asked);
        string leader = (await client.GetStatusAsync(cancellation)).Leader;
        return Network.Departments.ToList().FindIndex(d => d.Id == leader);
    }

    /// <summary>Kills a department's process as a power cut would, starts it again and waits until it answers.</summary>
    public async Task KillAndRestartAsync(int department, CancellationToken cancellation)
    {
        await Network.Processes[department].KillAsync();
        Network.Launch(department);
        await Network.WaitUntilReadyAsync(department, cancellation);
    }

    /// <summary>Stops all nodes in order, so that their directories can be read at leisure.</summary>
    public Task StopNodesAsync() => Task.WhenAll(Network.Processes.Select(p => p.StopAsync(TimeSpan.FromSeconds(60))));

    /// <summary>Waits until all nodes stand at one height, audits each from genesis, and holds them against each other.
    /// </summary>
    public async Task<AuditReport[]> AuditAllAsync(CancellationToken cancellation)
    {
        AuditReport[] reports = await Network.AuditAllAsync(ChainId, cancellation);
        for (int i = 0; i < Count; i++)
            Assert.That(reports[i].FirstProblem, Is.Null, $"the audit of {Network.Departments[i].Id}");
        Assert.That(reports.Select(r => (r.Height, r.LogRoot, r.StateRoot)).Distinct().Count(), Is.EqualTo(1),
            "all nodes have one height and equal roots");
        return reports;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            ShowLogs(Layout);
        if (AfterStop is not null)
            await AfterStop();
        Directory.Delete(Layout.Directory, recursive: true);
    }

    private async Task EnrolClerkAsync(int department, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(department);
        await DevnetImport.EnrolClerkAsync(Layout, Network.Departments[department], client, cancellation);
    }

    private static void ShowLogs(DevnetLayout layout)
    {
        foreach (string log in Directory.EnumerateFiles(layout.Directory, "node.log", SearchOption.AllDirectories).Order())
        {
            TestContext.Progress.WriteLine($"--- {Path.GetRelativePath(layout.Directory, log)}");
            foreach (string line in File.ReadLines(log).TakeLast(LogLinesShown))
                TestContext.Progress.WriteLine(line);
        }
    }
}
