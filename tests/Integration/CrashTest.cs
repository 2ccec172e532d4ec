using GovChain.Client;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Without a quorum nothing is acknowledged. What kills do while records come in is <see cref="KillRoundsTest"/>'s subject.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CrashTest
{
    private TestNetwork? _network;

    private TestNetwork Network => _network!;

    [TearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
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
        TransactionOutcome committed = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(committed.Status, Is.EqualTo(TransactionStatus.CommittedDurably), committed.ToString());
        TransactionOutcome again = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(again.Position, Is.EqualTo(committed.Position), "the same envelope is one transaction");
        await Network.AuditAllAsync(cancellation);
    }
}
