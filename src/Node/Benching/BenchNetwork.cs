using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Node.Signatures;

namespace GovChain.Node.Benching;

/// <summary>
/// A development network made for a measurement: one record type and one clerk for each department. Its directory is
/// removed with it where it was not asked for by name.
/// </summary>
internal sealed class BenchNetwork : IAsyncDisposable
{
    private readonly bool _temporary;
    private readonly List<ISigner> _clerks = [];
    private DevnetNetwork? _network;

    private BenchNetwork(DevnetLayout layout, bool temporary)
    {
        Layout = layout;
        _temporary = temporary;
    }

    /// <summary>Where its files are.</summary>
    public DevnetLayout Layout { get; }

    /// <summary>The running processes.</summary>
    public DevnetNetwork Network => _network ?? throw new InvalidOperationException("The network is not running.");

    /// <summary>The ledger.</summary>
    public Digest ChainId { get; private set; }

    /// <summary>The departments' clerks, by index.</summary>
    public IReadOnlyList<ISigner> Clerks => _clerks;

    /// <summary>The record type of a department.</summary>
    public static string TypeOf(int department) => RecordGenerator.TypeOf(department);

    /// <summary>Makes keys, genesis and configuration, starts every node, enrols the clerks and defines the types.
    /// </summary>
    /// <param name="directory">Where; it must not hold anything yet. Null: a temporary one.</param>
    /// <param name="departments">How many.</param>
    /// <param name="engine">What they verify signatures with.</param>
    /// <param name="cancellation">Ends the start; nothing is left behind.</param>
    public static async Task<BenchNetwork> StartAsync(
        string? directory, int departments, SignatureEngine engine, CancellationToken cancellation)
    {
        if (directory is not null && Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new CommandException(ExitCode.Usage, $"{directory} is not empty; a measurement starts with a new ledger.");
        var layout = new DevnetLayout(directory ?? Directory.CreateTempSubdirectory("govchain-bench-").FullName);
        var bench = new BenchNetwork(layout, temporary: directory is null);
        try
        {
            IReadOnlyList<DevnetDepartment> made = new DevnetBuilder(layout) { Engine = engine }.Prepare(departments);
            bench._network = await DevnetNetwork.StartAsync(layout, made, cancellation);
            await Task.WhenAll(Enumerable.Range(0, departments).Select(i => bench.EnrolAsync(i, cancellation)));
            foreach (DevnetDepartment department in made)
            {
                bench._clerks.Add(KeyOptions.Open(
                    layout.At(department.Id, $"{DevnetBuilder.Clerk}.pem"), layout.At(department.Id, "passphrase")));
            }
            return bench;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops every node, so that its disk can be measured.</summary>
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
        _network = null;
    }

    /// <summary>Bytes of a department's data directory.</summary>
    public long DataBytes(int department)
    {
        string data = Layout.At(Layout.Read()![department].Id, "data");
        return new DirectoryInfo(data).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _clerks.ForEach(c => c.Dispose());
        if (_temporary)
            Directory.Delete(Layout.Directory, recursive: true);
    }

    private async Task EnrolAsync(int department, CancellationToken cancellation)
    {
        using LedgerClient client = Network.ConnectClient(department);
        DevnetDepartment who = Network.Departments[department];
        await DevnetImport.EnrolClerkAsync(Layout, who, client, cancellation);
        await DevnetImport.DefineTypeAsync(Layout, who, client, TypeOf(department), "Load", "", cancellation);
        if (!Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Digest chainId))
            throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");
        ChainId = chainId;
    }
}
