using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Storage;
using GovChain.Storage.Integrity;

namespace GovChain.Node.Auditing;

/// <summary>
/// The node's audit of itself: goes round and round over its own directory at a set rate, reading the files as they are on
/// the disk and not what the cache holds. Every file's checksum; every certificate; every leaf against its log tile, tiles
/// against the root, state rows against the state tree, indexes against the log. Executing everything again is left to
/// <c>govchain audit</c>.
/// </summary>
/// <param name="path">The node's data directory.</param>
/// <param name="chainId">Its ledger.</param>
/// <param name="history">The departments whose certificates count, by height.</param>
/// <param name="verifier">Verifies certificates; safe from any thread.</param>
/// <param name="bytesPerSecond">The rate, above 0.</param>
/// <param name="pause">Between two rounds.</param>
/// <param name="report">Told the first damage of each round, and null after a round that found none.</param>
internal sealed class SelfAudit(
    string path,
    Digest chainId,
    ValidatorHistory history,
    ISignatureVerifier verifier,
    long bytesPerSecond,
    TimeSpan pause,
    Action<DirectoryFinding?> report)
{
    /// <summary>Reading goes in steps of a tenth of a second's bytes, so that waits are short.</summary>
    private const int StepsPerSecond = 10;

    private const long MemoryBytes = 8 * 1024 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private long _step;

    /// <summary>Rounds ended since the start.</summary>
    public long Rounds { get; private set; }

    /// <summary>Bytes read since the start.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Begins, on a thread of its own.</summary>
    public void Start() => _work = DedicatedThread.Run("self-audit", Run);

    /// <summary>Ends soon, and waits for it.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    private void Run()
    {
        Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        try
        {
            do
            {
                report(Round());
                Rounds++;
            }
            while (!_stop.Token.WaitHandle.WaitOne(pause));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (FatalNodeException)
        {
            // Two verifiers disagree: the node has been told and stops, this thread with it.
        }
    }

    /// <summary>The first damage, or null.</summary>
    private DirectoryFinding? Round()
    {
        DirectoryReport files = DirectoryCheck.Run(path, chainId, OnRead, _stop.Token);
        if (files.FirstDamage is { } damage || !files.LedgerOpens)
            return files.FirstDamage;
        try
        {
            using DataDirectory directory = DataDirectory.OpenUnverified(path, chainId);
            // Its own look at the files: what the running ledger has in its cache says nothing of the disk.
            using LedgerStore store = LedgerStore.OpenReadOnly(directory, new LedgerOptions { BlockCacheBytes = MemoryBytes });
            using LedgerSnapshot ledger = store.OpenSnapshot();
            ledger.OnBulkRead = OnRead;
            return CheckCertificates(ledger) ?? LedgerIntegrity.Check(ledger).FirstOrDefault()?.InFile();
        }
        catch (Exception e) when (StoredDamage.Is(e))
        {
            return new LedgerFinding(e.Message, "ledger", "readable data", "damage").InFile();
        }
    }

    private DirectoryFinding? CheckCertificates(LedgerSnapshot ledger)
    {
        foreach ((BlockHeader header, Certificate? certificate) in ledger.ScanBlocks())
        {
            if (certificate is null)
                continue;
            ValidatorSet validators = history.At(header.Height);
            CertificateFailure failure = CertificateVerifier.Verify(header, certificate, validators, verifier);
            if (failure != CertificateFailure.None)
            {
                return new LedgerFinding("The certificate does not prove the block.", $"blocks {header.Height}",
                    $"signatures of {validators.QuorumSize} departments", $"{failure}").InFile();
            }
        }
        return null;
    }

    /// <summary>Waits as long as what was read should have taken.</summary>
    private void OnRead(int bytes)
    {
        _stop.Token.ThrowIfCancellationRequested();
        BytesRead += bytes;
        _step += bytes;
        long allowed = Math.Max(1, bytesPerSecond / StepsPerSecond);
        if (_step < allowed)
            return;
        var due = TimeSpan.FromSeconds((double)_step / bytesPerSecond);
        _step = 0;
        if (_stop.Token.WaitHandle.WaitOne(due))
            throw new OperationCanceledException(_stop.Token);
    }
}
