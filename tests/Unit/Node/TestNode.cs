using GovChain.Core.Cryptography;
using GovChain.Node;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>A node of a department in this process, on its own directory; stopped and started like a process.</summary>
internal sealed class TestNode(
    TestLedger ledger, int department, string path, ITestWires wires, TimeProvider? time = null, ISignatureVerifier? verifier = null)
    : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PlatformSignatureVerifier _verifier = new();
    private DataDirectory? _directory;
    private LedgerStore? _store;
    private IPlug? _plug;

    public NodeRuntime Runtime { get; private set; } = null!;

    public ILedgerGateway Gateway => Runtime.Gateway;

    public ulong Height => Gateway.GetStatus().Height;

    public string Path => path;

    /// <summary>That the node had to stop is what the test is about.</summary>
    public bool IsToFail { get; set; }

    public async Task StartAsync(NodeRuntimeOptions? options = null)
    {
        _directory = DataDirectory.Open(path, ledger.Genesis.ChainId);
        _store = LedgerStore.Open(_directory);
        _plug = wires.Plug(department, _store);
        try
        {
            Runtime = new NodeRuntime(
                _directory, _store, ledger.Genesis, [], ledger.ValidatorOf(department), _plug.Network,
                options ?? new NodeRuntimeOptions(), time ?? TimeProvider.System, verifier ?? _verifier, NullLogger<NodeRuntime>.Instance);
        }
        catch
        {
            CloseDirectory();
            throw;
        }
        await Runtime.StartAsync();
        await _plug.UpAsync(Runtime.PeerHandler);
    }

    public async Task StopAsync()
    {
        if (_store is null)
            return;
        await _plug!.DisposeAsync();
        await Runtime.DisposeAsync();
        CloseDirectory();
        if (Runtime.Fatal.IsCompleted && !IsToFail)
            Assert.Fail($"The node stopped: {await Runtime.Fatal}");
    }

    private void CloseDirectory()
    {
        _store!.Dispose();
        _directory!.Dispose();
        _store = null;
    }

    /// <summary>Submits and waits until the transaction is final.</summary>
    public Task<TransactionOutcome> SubmitAsync(byte[] envelope, WaitFor waitFor = WaitFor.Committed) =>
        Gateway.SubmitAsync(envelope, new Submitter("client"), waitFor, Patience, CancellationToken.None);

    /// <summary>Submits what must be committed.</summary>
    public async Task<TransactionOutcome> CommitAsync(byte[] envelope)
    {
        TransactionOutcome outcome = await SubmitAsync(envelope);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably),
            $"{outcome.Rejection?.Message} {Gateway.GetStatus().LastError} {Runtime.Fatal.IsCompleted}");
        return outcome;
    }

    /// <summary>A record type, and a clerk who may register.</summary>
    public async Task FoundAsync()
    {
        await Task.WhenAll(CommitAsync(ledger.DefineType()), CommitAsync(ledger.EnrolClerk()));
    }

    /// <summary>Waits until a condition holds.</summary>
    public async Task UntilAsync(Func<GetStatusResponse, bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition(Gateway.GetStatus()))
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"{TestLedger.DepartmentId(department)} never got there: {what}. {Gateway.GetStatus()}");
            await tick.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _verifier.Dispose();
    }
}
