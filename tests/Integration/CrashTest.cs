using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Processes die as in a power cut, SIGKILL and no farewell, while records come in. Nothing that was acknowledged may be
/// missing, nothing may stand twice, and all nodes end with one ledger.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CrashTest
{
    private readonly string _files = Directory.CreateTempSubdirectory("govchain-test-").FullName;
    private TestNetwork? _network;

    private TestNetwork Network => _network!;

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    [Test]
    [CancelAfter(420_000)]
    public async Task Import_OneProcessThenTheLeaderKilled_NothingLostOrDoubled(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation);
        (DevnetImport divisions, Task importingDivisions) = await StartImportAsync(0, SharedRegisters.Divisions, 8, cancellation);
        int leader = await Network.LeaderAsync(0, cancellation);
        int follower = leader == 3 ? 2 : 3; // no importing department's node, so that the imports go on beside it
        await Network.KillAndRestartAsync(follower, cancellation);

        (DevnetImport domains, Task importingDomains) = await StartImportAsync(1, SharedRegisters.Domains, 16, cancellation);
        leader = await Network.LeaderAsync(follower, cancellation);
        Assert.That(importingDomains.IsCompleted, Is.False, "an import is running when the leader dies");
        await Network.KillAndRestartAsync(leader, cancellation);
        await Task.WhenAll(importingDivisions, importingDomains);

        await AssertWholeAsync(cancellation, (divisions, SharedRegisters.Divisions), (domains, SharedRegisters.Domains));
    }

    [Test]
    [CancelAfter(420_000)]
    public async Task Import_AllFourKilledAtOnce_GoesOnWithEveryAcknowledgedRecord(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation);
        (DevnetImport import, Task importing) = await StartImportAsync(0, SharedRegisters.Divisions, 5, cancellation);

        Assert.That(importing.IsCompleted, Is.False, "the import is running when everything dies");
        await Task.WhenAll(Network.Network.Processes.Select(p => p.KillAsync()));
        for (int i = 0; i < Network.Count; i++)
            Network.Network.Launch(i);
        for (int i = 0; i < Network.Count; i++)
            await Network.Network.WaitUntilReadyAsync(i, cancellation);
        await importing;

        await AssertWholeAsync(cancellation, (import, SharedRegisters.Divisions));
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Submit_TwoOfFourStopped_IsNotAcknowledgedUntilTheyReturn(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation);
        await Network.DefineTypeAsync(0, "licence", cancellation);
        await Network.Network.WaitUntilLevelAsync(cancellation);
        SignedEnvelope envelope = Network.SignRegistration(0, "licence", "L-1", "{}"u8.ToArray());
        using LedgerClient client = Network.Network.ConnectClient(0);
        ulong height = (await client.GetStatusAsync(cancellation)).Height;

        await Task.WhenAll(Network.Network.Processes[2].KillAsync(), Network.Network.Processes[3].KillAsync());
        try
        {
            TransactionOutcome waited = await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(4), cancellation);
            Assert.That(waited.Status, Is.EqualTo(TransactionStatus.Pending), "nothing is acknowledged without a quorum");
        }
        catch (LedgerClientException e)
        {
            Assert.That(e.IsTransient, Is.True, $"the refusal is one to try again after: {e.Reason}: {e.Message}");
        }
        Assert.That((await client.GetStatusAsync(cancellation)).Height, Is.EqualTo(height), "no block without a quorum");

        Network.Network.Launch(2);
        Network.Network.Launch(3);
        await Network.Network.WaitUntilReadyAsync(2, cancellation);
        await Network.Network.WaitUntilReadyAsync(3, cancellation);
        TransactionOutcome committed = await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(60), cancellation);
        Assert.That(committed.Status, Is.EqualTo(TransactionStatus.CommittedDurably), committed.ToString());
        TransactionOutcome again = await client.SubmitAsync(envelope, WaitFor.Committed, TimeSpan.FromSeconds(60), cancellation);
        Assert.That(again.Position, Is.EqualTo(committed.Position), "the same envelope is one transaction");
        await Network.AuditAllAsync(cancellation);
    }

    /// <summary>Starts an import of a part of a register and waits until a sixth of it has ended.</summary>
    private async Task<(DevnetImport Import, Task Running)> StartImportAsync(
        int department, string register, int oneIn, CancellationToken cancellation)
    {
        string path = SharedRegisters.Part(_files, register, oneIn);
        DevnetImport import = Network.Import(department, path, Path.GetFileNameWithoutExtension(register));
        var watch = new ImportWatch();
        Task running = Network.RunAsync(import, watch.Report, cancellation);
        await watch.UntilAsync(import.File.Events.Count / 6, running, cancellation);
        return (import, running);
    }

    private async Task AssertWholeAsync(CancellationToken cancellation, params (DevnetImport Import, string Register)[] imports)
    {
        await Network.AuditAllAsync(cancellation);
        using LedgerClient administration = Network.Network.ConnectAdministration(1);
        using LedgerClient reader = Network.Network.ConnectClient(2);
        LedgerContents contents = await LedgerContents.ReadAsync(administration, cancellation);
        foreach ((DevnetImport import, string register) in imports)
        {
            RegisterFold fold = RegisterFold.Of(Path.Combine(_files, Path.GetFileName(register)));
            ImportAssert.CountsEqualFold(import, contents, fold);
            await ImportAssert.RecordsEqualFoldAsync(reader, import.Type, fold, cancellation);
            await ImportAssert.AcknowledgedStandEverywhereAsync(Network, import, cancellation);
        }
    }
}
