using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node.Auditing;
using GovChain.Protos.V1;

namespace GovChain.Node.Devnet;

/// <summary>The running processes of a development network, with a client for each.</summary>
internal sealed class DevnetNetwork : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    private readonly DevnetLayout _layout;
    private readonly NodeProcess[] _processes;

    private readonly Func<DevnetDepartment, IReadOnlyDictionary<string, string>>? _environment;

    private DevnetNetwork(
        DevnetLayout layout, IReadOnlyList<DevnetDepartment> departments,
        Func<DevnetDepartment, IReadOnlyDictionary<string, string>>? environment)
    {
        _layout = layout;
        _environment = environment;
        Departments = departments;
        _processes = new NodeProcess[departments.Count];
    }

    /// <summary>The departments, by index.</summary>
    public IReadOnlyList<DevnetDepartment> Departments { get; }

    /// <summary>The processes, by department.</summary>
    public IReadOnlyList<NodeProcess> Processes => _processes;

    /// <summary>Starts every department's node and waits until each answers.</summary>
    /// <param name="layout">Their files.</param>
    /// <param name="departments">Who they are.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <param name="environment">What a node's process has in its environment besides this one's.</param>
    /// <param name="first">So many of them only; the others are started by <see cref="Launch"/>.</param>
    public static async Task<DevnetNetwork> StartAsync(
        DevnetLayout layout, IReadOnlyList<DevnetDepartment> departments, CancellationToken cancellation,
        Func<DevnetDepartment, IReadOnlyDictionary<string, string>>? environment = null, int? first = null)
    {
        var network = new DevnetNetwork(layout, departments, environment);
        try
        {
            for (int i = 0; i < (first ?? departments.Count); i++)
                network.Launch(i);
            for (int i = 0; i < (first ?? departments.Count); i++)
                await network.WaitUntilReadyAsync(i, cancellation);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>A new connection to a department's client listener.</summary>
    public LedgerClient ConnectClient(int department) => Connect(Departments[department].ClientPort);

    /// <summary>A new connection to a department's administration listener.</summary>
    public LedgerClient ConnectAdministration(int department) => Connect(Departments[department].AdministrationPort);

    /// <summary>Starts a department's process, the first time or again.</summary>
    public void Launch(int department)
    {
        string id = Departments[department].Id;
        _processes[department]?.Dispose();
        _processes[department] = NodeProcess.Start(
            _layout.At(id, "node.json"), _layout.At(id, "node.log"), _environment?.Invoke(Departments[department]));
    }

    /// <summary>Waits until a department's node answers.</summary>
    public async Task<GetStatusResponse> WaitUntilReadyAsync(int department, CancellationToken cancellation)
    {
        using LedgerClient client = ConnectClient(department);
        return await _processes[department].WaitUntilReadyAsync(client, StartPatience, cancellation);
    }

    /// <summary>Waits until every node has the height that the highest has.</summary>
    public async Task WaitUntilLevelAsync(CancellationToken cancellation)
    {
        var clients = Enumerable.Range(0, Departments.Count).Select(ConnectClient).ToList();
        try
        {
            while (true)
            {
                GetStatusResponse[] all = await Task.WhenAll(clients.Select(c => c.GetStatusAsync(cancellation)));
                if (all.All(s => s.Height == all[0].Height && s.HeaderHash == all[0].HeaderHash && s.PoolTransactions == 0))
                    return;
                await Task.Delay(100, cancellation);
            }
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    /// <summary>
    /// Audits every node from genesis, all at one height: where a block came in between, as a suspension makes one when nobody
    /// submits any more, all are audited once more.
    /// </summary>
    /// <param name="expected">The genesis digest to audit against; null: each node's own.</param>
    /// <param name="cancellation">Ends the audits.</param>
    public async Task<AuditReport[]> AuditAllAsync(Digest? expected, CancellationToken cancellation)
    {
        while (true)
        {
            await WaitUntilLevelAsync(cancellation);
            var reports = new AuditReport[Departments.Count];
            for (int i = 0; i < reports.Length; i++)
            {
                using LedgerClient client = ConnectAdministration(i);
                reports[i] = await NodeAudit.RunAsync(client, expected, progress: null, cancellation);
            }
            if (reports.Any(static r => !r.Ok) || reports.All(r => r.Height == reports[0].Height))
                return reports;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Where(p => p is not null).Select(p => p.StopAsync(StopPatience)));
        foreach (NodeProcess process in _processes)
            process?.Dispose();
    }

    private LedgerClient Connect(int port) =>
        LedgerClient.Connect(new Uri($"https://localhost:{port}"), _layout.AuthorityCertificate);
}
