using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Client;

/// <summary>
/// The records of a ledger, for a department's own software: changes them as one officer, and believes no node. A change counts once its
/// receipt is verified, a record once its path to a certified header is; both hang on the chain id alone.
/// </summary>
/// <remarks>
/// Safe from any thread; one instance serves a whole program. Every member throws <see cref="LedgerClientException"/> where the ledger
/// refuses (its <see cref="LedgerClientException.Reason"/> is a code of docs/ERRORS.md), where no node could be reached for as long as the
/// patience lasts, or where an answer is not proven (<see cref="LedgerClientException.UnprovenReason"/>).
/// </remarks>
public sealed class RecordLedger : IDisposable
{
    /// <summary>How long a signed change can commit.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    // Well below the time that one node may take for all of it.
    private static readonly TimeSpan CommitTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly LedgerNodes _nodes;
    private readonly Digest _chainId;
    private readonly TransactionFactory? _factory;
    private readonly TimeProvider _time;
    private ProvenState? _departments;
    private ulong _newestHeight;

    /// <summary>Prepares connections; nothing is sent yet.</summary>
    /// <exception cref="LedgerClientException">INVALID_CHAIN_ID, INVALID_ADDRESS or INVALID_CA_FILE.</exception>
    public RecordLedger(RecordLedgerOptions options)
        : this(options, [.. options.Nodes.Select(node => LedgerClient.Connect(node, options.AuthorityFile, options.Certificate))], TimeProvider.System)
    {
    }

    /// <summary>Over clients that are there, which it takes over.</summary>
    internal RecordLedger(RecordLedgerOptions options, IReadOnlyList<LedgerClient> nodes, TimeProvider time)
    {
        if (!Digest.TryParseHex(options.ChainId, out _chainId))
            throw LedgerClientException.Unusable("INVALID_CHAIN_ID", $"'{options.ChainId}' is no chain id: 64 hexadecimal digits are.");
        if (nodes.Count == 0)
            throw LedgerClientException.Unusable("INVALID_ADDRESS", "No node is named: https://HOST:PORT is one's address.");
        _nodes = new LedgerNodes(nodes, options.Patience, time);
        _factory = options.Signer is { } signer ? new TransactionFactory(_chainId, signer) : null;
        if (options.NodeDepartments is { } departments)
            SignReads(nodes, departments, options.Signer, time);
        _time = time;
    }

    /// <summary>Signs a change, submits it, and waits until it is on the ledger and its receipt verified.</summary>
    /// <remarks>
    /// However often it is sent, it is recorded once. Where the call is cancelled or fails for good, it may be recorded all the same, and
    /// calling this again would sign another change: a program that must know keeps what <see cref="SignAsync"/> gives, and submits that.
    /// </remarks>
    /// <exception cref="LedgerClientException">VERSION_CONFLICT and the ledger's other refusals; no node answers; the answer is not proven.
    /// </exception>
    public async Task<CommittedChange> RecordAsync(RecordDraft draft, CancellationToken cancellation = default) =>
        await SubmitAsync(await SignAsync(draft, cancellation), cancellation);

    /// <summary>Signs a change. It can commit for <see cref="Validity"/>, and once only, however often it is submitted; kept until its
    /// outcome is known, it survives the program.</summary>
    /// <param name="draft">The change. Where it does not say which version it follows, the current one is asked for.</param>
    /// <param name="cancellation">Ends the asking.</param>
    /// <exception cref="InvalidOperationException">There is no signer.</exception>
    /// <exception cref="LedgerClientException">The version that it follows cannot be asked for.</exception>
    public async Task<SignedEnvelope> SignAsync(RecordDraft draft, CancellationToken cancellation = default)
    {
        TransactionFactory factory = _factory ?? throw new InvalidOperationException("Without a signer records can be read only.");
        RecordDraft complete = draft.ExpectedVersion is not null
            ? draft : await _nodes.AskAsync(draft.CompleteAsync, cancellation);
        ulong expiresAtMs = (ulong)(_time.GetUtcNow() + Validity).ToUnixTimeMilliseconds();
        // A key in a token or behind a service takes its time, and the interface has no other way to wait for it.
        return await Task.Run(() => factory.Create(complete.SetOn, expiresAtMs), cancellation);
    }

    /// <summary>Submits a signed change and waits until it is on the ledger and its receipt verified. Submitted again, here or
    /// elsewhere, it gives the same position. A refusal counts, where several nodes are named, once two of them say so.</summary>
    /// <exception cref="LedgerClientException">As <see cref="RecordAsync"/>; EXPIRED where it can no longer commit.</exception>
    public async Task<CommittedChange> SubmitAsync(SignedEnvelope envelope, CancellationToken cancellation = default)
    {
        Transaction transaction = TransactionDecoder.TryDecode(envelope.Bytes, _chainId, out Rejection? rejection)
            ?? throw LedgerClientException.Refused(rejection!);
        if (RecordActions.ChangeOf(transaction.Body) is null)
            throw new ArgumentException("The envelope holds no change of a record.", nameof(envelope));
        return await _nodes.AskTwiceAsync(async (node, token) =>
        {
            await node.SubmitAsync(envelope, WaitFor.Committed, CommitTimeout, token);
            byte[] receipt = await node.GetReceiptAsync(transaction.Id.ToString(), token);
            return Verify(node.Node, receipt, transaction);
        }, cancellation);
    }

    /// <summary>A record's newest version, proven; null where it is proven that there is none. Never as of an older block than was proven to
    /// this instance before, by whatever node: what it has recorded or read, it reads again.</summary>
    /// <exception cref="LedgerClientException">NOT_FOUND: no such type; TOKEN_REQUIRED: its records are not public, or there is none, which is proven to officers alone, and there is no
    /// <see cref="RecordLedgerOptions.NodeDepartments"/> or <see cref="RecordLedgerOptions.Certificate"/>; PERMISSION_DENIED: the signer may not read them; no node answers; or the
    /// answer is not proven.</exception>
    public Task<ProvenRecord?> FindAsync(RecordKey record, CancellationToken cancellation = default)
    {
        ulong known = Volatile.Read(ref _newestHeight);
        return _nodes.AskAsync((node, token) => ReadAsync(node, record, known, token), cancellation);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _nodes.Dispose();

    private void SignReads(IReadOnlyList<LedgerClient> nodes, IReadOnlyList<string> departments, ISigner? signer, TimeProvider time)
    {
        if (signer is null || departments.Count != nodes.Count || !departments.All(Identifiers.IsDepartment))
        {
            throw LedgerClientException.Unusable("INVALID_ADDRESS",
                "NodeDepartments names the department of each node, in the order of Nodes, and goes with a signer.");
        }
        for (int i = 0; i < nodes.Count; i++)
            nodes[i].Reader = new ReadTokenFactory(_chainId, departments[i], signer, time);
    }

    private CommittedChange Verify(Uri node, byte[] receipt, Transaction transaction)
    {
        ProvenTransaction? proven = ReceiptVerifier.Verify(receipt, _chainId, ClientVerifier.Instance, out ReceiptFailure? failure);
        string? problem = proven is null ? failure!.Message
            : proven.Transaction.Id == transaction.Id ? null : $"The receipt is that of another transaction, {proven.Transaction.Id}";
        if (problem is not null)
        {
            throw LedgerClientException.Unproven(node, problem)
                .With($"Transaction {transaction.Id} may be recorded all the same: submitted again, it is recorded once.");
        }
        See(proven!.Header.Height);
        return CommittedChange.Of(proven, receipt);
    }

    private async Task<ProvenRecord?> ReadAsync(LedgerClient node, RecordKey record, ulong known, CancellationToken cancellation)
    {
        StateKey key = StateKey.Record(record.Type, record.Id);
        GetRecordResponse? found = await node.FindRecordAsync(record.Type, record.Id, proof: true, cancellation: cancellation);
        GetStateProofResponse answer = found is not null
            ? new GetStateProofResponse { Proof = found.Proof, Header = found.Header }
            : await node.GetStateProofAsync(key, cancellation);
        ProvenState? departments = Volatile.Read(ref _departments);
        if (departments is null)
        {
            departments = await ProvenState.OpenAsync(node, _chainId, ClientVerifier.Instance, cancellation);
            Volatile.Write(ref _departments, departments);
        }
        ProvenState proven = departments.Begin();
        try
        {
            proven.Take(node.Node, key, answer);
        }
        catch (LedgerClientException)
        {
            // It may be that the departments have changed: who they are is asked for again.
            Volatile.Write(ref _departments, null);
            throw;
        }
        if (proven.Tip.Height < known)
            throw LedgerClientException.Behind(node.Node, proven.Tip.Height, known);
        See(proven.Tip.Height);
        if (StateValue.Read<RecordState>(proven, key) is not { } state)
            return null;
        return found is not null
            ? new ProvenRecord(state, ContentOf(node.Node, state, found.Record), proven.Tip)
            : throw LedgerClientException.Changed(node.Node, $"The record {record}"); // it came between the two answers
    }

    /// <summary>The content, which the state has the digest of; of a record that is not in force nobody gives it.</summary>
    private static ReadOnlyMemory<byte> ContentOf(Uri node, RecordState state, RecordVersion? shown)
    {
        ReadOnlyMemory<byte> content = shown?.Payload.Memory ?? default;
        if ((RecordStatus)state.Status == RecordStatus.InForce && !Sha256.Hash(content.Span).Span.SequenceEqual(state.PayloadDigest.Span))
            throw LedgerClientException.Unproven(node, $"the content is not that of version {state.Version} of {state.Record.Type}/{state.Record.Id}");
        return content;
    }

    private void See(ulong height)
    {
        lock (_gate)
            _newestHeight = Math.Max(_newestHeight, height);
    }
}
