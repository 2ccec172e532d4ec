using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using GovChain.Protos.V1;
using Grpc.Core;
using Grpc.Net.Client;
using StateKey = GovChain.Core.Model.StateKey;
using StateKind = GovChain.Core.Model.StateKind;

namespace GovChain.Client;

/// <summary>
/// Talks to one node's client listener, or to its loopback administration listener. Thread-safe; one instance serves a
/// whole program. Every member throws <see cref="LedgerClientException"/> where the node refuses or cannot be reached.
/// </summary>
public sealed class LedgerClient : IDisposable
{
    private const int ReceiveBytesMax = 64 * 1024 * 1024;
    private const int AuthorityBytesMax = 1024 * 1024;

    private readonly GrpcChannel _channel;
    private readonly Ledger.LedgerClient _ledger;

    /// <summary>Over a channel that is there; disposing the client disposes it.</summary>
    internal LedgerClient(Uri node, GrpcChannel channel)
    {
        Node = node;
        _channel = channel;
        _ledger = new Ledger.LedgerClient(channel);
    }

    /// <summary>The node's address.</summary>
    public Uri Node { get; }

    /// <summary>Signs the reads of records, as those of types that are not public are asked for; null: only public ones are read.</summary>
    public ReadTokenFactory? Reader { get; set; }

    /// <summary>What was opened for this connection alone and is disposed with it, as a key; null: nothing.</summary>
    internal IDisposable? Owned { get; set; }

    /// <summary>Prepares a connection; nothing is sent yet.</summary>
    /// <param name="node">https://host:port.</param>
    /// <param name="caFile">PEM file of the authority that signed the node's certificate; null: the system's.</param>
    /// <param name="certificate">What a system reads by that has no officer's key at hand (<see cref="ReaderCertificate"/>); null: none is shown.</param>
    /// <exception cref="LedgerClientException">The address is no https URL, or the file no certificate.</exception>
    public static LedgerClient Connect(Uri node, string? caFile = null, X509Certificate2? certificate = null)
    {
        SslClientAuthenticationOptions tls = caFile is null ? new() : TrustOnly(LoadAuthority(caFile));
        // The context, not the list: of a list the platform shows none that no authority which the node names has signed.
        if (certificate is not null)
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        return Connect(node, tls);
    }

    /// <summary>Prepares a connection to a node whose certificate is at hand, as on its own machine: that one counts,
    /// whatever names and dates it has, and no other.</summary>
    /// <param name="node">https://host:port.</param>
    /// <param name="certificateFile">PEM file whose first certificate the node shows.</param>
    /// <exception cref="LedgerClientException">The address is no https URL, or the file no certificate.</exception>
    public static LedgerClient ConnectPinned(Uri node, string certificateFile)
    {
        byte[] expected = LoadAuthority(certificateFile)[0].RawData;
        return Connect(node, new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(expected),
        });
    }

    private static LedgerClient Connect(Uri node, SslClientAuthenticationOptions tls)
    {
        if (!node.IsAbsoluteUri || node.Scheme != Uri.UriSchemeHttps)
            throw LedgerClientException.Unusable("INVALID_ADDRESS", $"{node} is no node address: https://HOST:PORT is one.");
        var handler = new SocketsHttpHandler
        {
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = tls,
        };
        var channel = GrpcChannel.ForAddress(node, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = ReceiveBytesMax,
            MaxSendMessageSize = 1024 * 1024,
        });
        return new LedgerClient(node, channel);
    }

    /// <summary>Submits an envelope and waits; a repetition gives the same position.</summary>
    public Task<TransactionOutcome> SubmitAsync(
        SignedEnvelope envelope, WaitFor waitFor = WaitFor.Committed, TimeSpan? timeout = null,
        CancellationToken cancellation = default) =>
        CallAsync(_ledger.SubmitAsync(
            new SubmitRequest
            {
                Envelope = UnsafeByteOperations.UnsafeWrap(envelope.Bytes),
                WaitFor = waitFor,
                TimeoutMs = (uint)(timeout ?? TimeSpan.FromSeconds(30)).TotalMilliseconds,
            },
            deadline: DateTime.UtcNow + (timeout ?? TimeSpan.FromSeconds(30)) + TimeSpan.FromSeconds(10),
            cancellationToken: cancellation), cancellation);

    /// <summary>Opens a stream for many envelopes.</summary>
    internal SubmitStream OpenSubmitStream(CancellationToken cancellation = default) =>
        new(_ledger.SubmitStream(cancellationToken: cancellation), Node);

    /// <summary>What became of a transaction; null where the node knows nothing of it.</summary>
    public async Task<GetTransactionResponse?> FindTransactionAsync(
        string transactionId, CancellationToken cancellation = default)
    {
        try
        {
            return await CallAsync(_ledger.GetTransactionAsync(
                new GetTransactionRequest { TransactionId = transactionId }, cancellationToken: cancellation), cancellation);
        }
        catch (LedgerClientException e) when (e.Status == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>The receipt file, byte for byte.</summary>
    public async Task<byte[]> GetReceiptAsync(string transactionId, CancellationToken cancellation = default) =>
        (await CallAsync(_ledger.GetReceiptAsync(
            new GetReceiptRequest { TransactionId = transactionId }, cancellationToken: cancellation), cancellation)).Data.ToByteArray();

    /// <summary>A record's version; null where there is none.</summary>
    public async Task<GetRecordResponse?> FindRecordAsync(
        string type, string id, ulong version = 0, bool proof = false, CancellationToken cancellation = default)
    {
        try
        {
            return await CallAsync(_ledger.GetRecordAsync(
                new GetRecordRequest { Type = type, Id = id, Version = version, Proof = proof },
                Token(), cancellationToken: cancellation), cancellation);
        }
        catch (LedgerClientException e) when (e.Status == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>All records of a type, ascending by id, page after page.</summary>
    public async IAsyncEnumerable<RecordVersion> ListRecordsAsync(
        string type, bool payloads = false, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new ListRecordsRequest { Type = type, PageSize = 1_000, Payloads = payloads };
        do
        {
            ListRecordsResponse page =
                await CallAsync(_ledger.ListRecordsAsync(request, Token(), cancellationToken: cancellation), cancellation);
            foreach (RecordVersion record in page.Records)
                yield return record;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>A record's versions, ascending, page after page.</summary>
    public async IAsyncEnumerable<RecordVersion> GetHistoryAsync(
        string type, string id, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new GetRecordHistoryRequest { Type = type, Id = id, PageSize = 100 };
        do
        {
            GetRecordHistoryResponse page =
                await CallAsync(_ledger.GetRecordHistoryAsync(request, Token(), cancellationToken: cancellation), cancellation);
            foreach (RecordVersion version in page.Versions)
                yield return version;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The changes of a type's records that wait for approval, ascending by record id, page after page.</summary>
    public async IAsyncEnumerable<Submission> ListSubmissionsAsync(string type, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new ListSubmissionsRequest { Type = type, PageSize = 1_000 };
        do
        {
            ListSubmissionsResponse page =
                await CallAsync(_ledger.ListSubmissionsAsync(request, Token(), cancellationToken: cancellation), cancellation);
            foreach (Submission submission in page.Submissions)
                yield return submission;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The keys with which officers of a department sign or once signed, ascending by key, page after page.</summary>
    public async IAsyncEnumerable<OfficerKey> ListOfficersAsync(string department, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new ListOfficersRequest { Department = department, PageSize = 1_000 };
        do
        {
            ListOfficersResponse page = await CallAsync(_ledger.ListOfficersAsync(request, cancellationToken: cancellation), cancellation);
            foreach (OfficerKey key in page.Keys)
                yield return key;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The delegations within a department that are not over, by delegator and officer.</summary>
    public async Task<IReadOnlyList<DelegationState>> ListDelegationsAsync(string department, CancellationToken cancellation = default) =>
        (await CallAsync(_ledger.ListDelegationsAsync(
            new ListDelegationsRequest { Department = department }, cancellationToken: cancellation), cancellation)).Delegations;

    /// <summary>The departments' newest proposals, ascending by department, page after page.</summary>
    public async IAsyncEnumerable<Proposal> ListProposalsAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new ListProposalsRequest { PageSize = 1_000 };
        do
        {
            ListProposalsResponse page = await CallAsync(_ledger.ListProposalsAsync(request, cancellationToken: cancellation), cancellation);
            foreach (Proposal proposal in page.Proposals)
                yield return proposal;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>A record type with its schema; null where there is none.</summary>
    public async Task<RecordTypeState?> FindTypeAsync(string type, CancellationToken cancellation = default)
    {
        try
        {
            return await CallAsync(_ledger.GetRecordTypeAsync(
                new GetRecordTypeRequest { Type = type }, cancellationToken: cancellation), cancellation);
        }
        catch (LedgerClientException e) when (e.Status == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>The record types, ascending, without their schemas.</summary>
    public async Task<IReadOnlyList<RecordTypeState>> ListTypesAsync(CancellationToken cancellation = default) =>
        (await CallAsync(_ledger.ListTypesAsync(new ListTypesRequest(), cancellationToken: cancellation), cancellation)).Types_;

    /// <summary>A value of the newest state, or that there is none, with the path that proves it; the path is not checked here.</summary>
    /// <exception cref="LedgerClientException">The node refuses; or the value is a record that not everybody may read, or is not there, which is
    /// proven to officers alone, and who asks shows no right (<see cref="Reader"/>, or a certificate).</exception>
    public Task<GetStateProofResponse> GetStateProofAsync(StateKey key, CancellationToken cancellation = default) =>
        CallAsync(_ledger.GetStateProofAsync(
            new GetStateProofRequest { Kind = (uint)key.Kind, Id = ByteString.CopyFrom(key.Id) },
            key.IsSingle ? null : Token(), cancellationToken: cancellation), cancellation);

    /// <summary>A header with its certificate.</summary>
    public Task<CertifiedHeader> GetHeaderAsync(ulong height, CancellationToken cancellation = default) =>
        CallAsync(_ledger.GetHeaderAsync(new GetHeaderRequest { Height = height }, cancellationToken: cancellation), cancellation);

    /// <summary>A whole block; on the administration listener only.</summary>
    public Task<GetBlockResponse> GetBlockAsync(ulong height, CancellationToken cancellation = default) =>
        CallAsync(_ledger.GetBlockAsync(new GetBlockRequest { Height = height }, cancellationToken: cancellation), cancellation);

    /// <summary>The genesis body and signatures.</summary>
    public Task<GetGenesisResponse> GetGenesisAsync(CancellationToken cancellation = default) =>
        CallAsync(_ledger.GetGenesisAsync(new GetGenesisRequest(), cancellationToken: cancellation), cancellation);

    /// <summary>How the node and its peers are.</summary>
    public Task<GetStatusResponse> GetStatusAsync(CancellationToken cancellation = default) =>
        CallAsync(_ledger.GetStatusAsync(
            new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(10), cancellationToken: cancellation), cancellation);

    /// <summary>Committed transactions from a position on; on the administration listener only.</summary>
    public async IAsyncEnumerable<CommittedTransaction> SubscribeAsync(
        ulong fromPosition, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using AsyncServerStreamingCall<CommittedTransaction> call =
            _ledger.Subscribe(new SubscribeRequest { FromPosition = fromPosition }, cancellationToken: cancellation);
        while (await MoveNextAsync(call.ResponseStream, Node, cancellation))
            yield return call.ResponseStream.Current;
    }

    /// <summary>A copy of the node's ledger, chunk by chunk; on the administration listener only.</summary>
    public async IAsyncEnumerable<BackupChunk> BackupAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using AsyncServerStreamingCall<BackupChunk> call = _ledger.Backup(new BackupRequest(), cancellationToken: cancellation);
        while (await MoveNextAsync(call.ResponseStream, Node, cancellation))
            yield return call.ResponseStream.Current;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        Owned?.Dispose();
    }

    internal static async Task<bool> MoveNextAsync<T>(IAsyncStreamReader<T> reader, Uri node, CancellationToken cancellation)
    {
        try
        {
            return await reader.MoveNext(cancellation);
        }
        catch (RpcException e)
        {
            throw Failure(e, node, cancellation);
        }
    }

    /// <summary>A token of its own for each call: none counts twice.</summary>
    private Metadata? Token() => Reader is { } reader ? new Metadata { { "authorization", reader.CreateHeader() } } : null;

    private async Task<T> CallAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellation)
    {
        try
        {
            using (call)
                return await call;
        }
        catch (RpcException e)
        {
            throw Failure(e, Node, cancellation);
        }
    }

    /// <summary>What a call's failure is to whoever called: cancelled where they did it themselves. A connection that does not come
    /// about in time, or a proxy that takes the call back, has the same status.</summary>
    private static Exception Failure(RpcException e, Uri node, CancellationToken cancellation) =>
        e.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested
            ? new OperationCanceledException(e.Status.Detail, e, cancellation)
            : LedgerClientException.From(e, node);

    private static X509Certificate2Collection LoadAuthority(string file)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Encoding.UTF8.GetString(BoundedFile.Read(file, AuthorityBytesMax)));
            if (authorities.Count > 0)
                return authorities;
            throw LedgerClientException.Unusable("INVALID_CA_FILE", $"{file} holds no PEM certificate.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw LedgerClientException.Unusable("INVALID_CA_FILE", $"{file} cannot be read as a PEM certificate: {e.Message}", e);
        }
    }

    private static SslClientAuthenticationOptions TrustOnly(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
    }
}
