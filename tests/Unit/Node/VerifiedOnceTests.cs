using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a node verifies an envelope's signature once, whichever ways it comes. Method: one node of four, which decides
/// nothing alone, so that envelopes stay in its pool; a verifier that counts.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class VerifiedOnceTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("govchain-once-").FullName;
    private readonly TestLedger _ledger = new(departments: 4);
    private readonly LoopbackNetwork _network = new();
    private readonly CountingVerifier _verifier = new();
    private TestNode _node = null!;

    [SetUp]
    public async Task Start()
    {
        _node = new TestNode(_ledger, 3, PathOf(3), _network, verifier: _verifier);
        await _node.StartAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        _verifier.Dispose();
        _ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task Envelope_ByGossipThenByAClient_IsVerifiedOnce()
    {
        byte[] envelope = _ledger.DefineType();
        await GossipAsync(envelope);

        TransactionOutcome outcome = await _node.SubmitAsync(envelope, WaitFor.Accepted);

        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.Pending));
        Assert.That(_verifier.AskedAbout(TestLedger.IdOf(envelope)), Is.EqualTo(1));
    }

    [Test]
    public async Task Envelope_ByAClientTwice_IsVerifiedOnce_AndAnotherSignatureOverItsBodyIsVerifiedToo()
    {
        byte[] envelope = _ledger.DefineType();
        for (int i = 0; i < 2; i++)
            Assert.That((await _node.SubmitAsync(envelope, WaitFor.Accepted)).Status, Is.EqualTo(TransactionStatus.Pending));
        Assert.That(_verifier.AskedAbout(TestLedger.IdOf(envelope)), Is.EqualTo(1));

        TransactionOutcome garbage = await _node.SubmitAsync(TestLedger.WithGarbageSignature(envelope), WaitFor.Accepted);

        Assert.That(garbage.Rejection.Code, Is.EqualTo("INVALID_SIGNATURE"), "what is remembered is the envelope, not its body");
        Assert.That(_verifier.AskedAbout(TestLedger.IdOf(envelope)), Is.EqualTo(2));
    }

    [Test]
    public async Task FetchedBlock_WhoseEnvelopesArePooled_IsNotVerifiedAgain()
    {
        byte[][] pooled = [_ledger.DefineType(), _ledger.EnrolClerk()];
        await GossipAsync(pooled);
        // The others decide out of its hearing; then they come to it, and all it can do is fetch their blocks.
        ulong height = 0;
        await WithOthersAsync(new LoopbackNetwork(), async others =>
        {
            await Task.WhenAll(pooled.Select(e => others[0].CommitAsync(e)));
            height = others[0].Height;
            foreach (TestNode other in others)
                await other.UntilAsync(s => s.Height >= height, "all have the blocks");
        });
        Assert.That(_node.Height, Is.Zero);
        await WithOthersAsync(_network, async others =>
        {
            await others[0].CommitAsync(_ledger.Change("L-1", 0));
            await _node.UntilAsync(s => s.Height > height, "it has fetched the blocks");
        });

        Assert.That(pooled.Select(e => _verifier.AskedAbout(TestLedger.IdOf(e))), Is.All.EqualTo(1));
    }

    private string PathOf(int department) => Path.Combine(_root, $"n{department}");

    private async Task WithOthersAsync(LoopbackNetwork network, Func<TestNode[], Task> act)
    {
        TestNode[] others = [.. Enumerable.Range(0, 3).Select(i => new TestNode(_ledger, i, PathOf(i), network))];
        try
        {
            foreach (TestNode other in others)
                await other.StartAsync();
            await act(others);
        }
        finally
        {
            foreach (TestNode other in others)
                await other.DisposeAsync();
        }
    }

    private async Task GossipAsync(params byte[][] envelopes)
    {
        _node.Runtime.PeerHandler.OnGossip(TestLedger.DepartmentId(0), [.. envelopes.Select(static e => (ReadOnlyMemory<byte>)e)]);
        await _node.UntilAsync(s => s.PoolTransactions == (ulong)envelopes.Length, "what was gossiped is pooled");
    }
}
