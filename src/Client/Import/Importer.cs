using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Client.Import;

/// <summary>
/// Brings a file's events onto the ledger, each exactly once, those of one key in the file's order. An event of a key is
/// sent when the one before it has ended, so that its expected version is known and not guessed; events of different
/// keys travel together. See records.md, "Search and feeds", and docs/adr/0005.
/// </summary>
internal sealed class Importer
{
    private readonly LedgerClient _client;
    private readonly TransactionFactory _factory;
    private readonly ImportFile _file;
    private readonly string _type;
    private readonly ImportState _state;
    private readonly ImportOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, KeyLine> _keys = new(StringComparer.Ordinal);
    private readonly Queue<int> _ready = new();
    private readonly Dictionary<int, InFlight> _inFlight = [];
    private int _ended;
    private int _refused;

    /// <summary>Prepares an import of one file into one type.</summary>
    public Importer(
        LedgerClient client, TransactionFactory factory, ImportFile file, string type, ImportState state,
        ImportOptions? options = null, TimeProvider? time = null)
    {
        _client = client;
        _factory = factory;
        _file = file;
        _type = type;
        _state = state;
        _options = options ?? ImportOptions.Default;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>
    /// Told of each commitment as it becomes known, before the import remembers it: after an interruption one may be told
    /// again, none is left out.
    /// </summary>
    public Action<ImportAcknowledgement>? Acknowledged { get; init; }

    /// <summary>Imports what is left of the file. Called again after an interruption it goes on.</summary>
    /// <exception cref="LedgerClientException">The node cannot be reached, or refuses the import as such.</exception>
    public async Task<ImportSummary> RunAsync(Action<ImportProgress>? progress, CancellationToken cancellation)
    {
        var patience = new NodePatience(_options.PatienceWithoutNode, _time);
        if (!_state.HasBase)
            _state.SetBase(await patience.AskAsync(ReadBaseAsync, told: null, cancellation));
        int committedBefore = _state.Results.Values.Count(static r => r.TransactionId is not null);
        QueueEvents();
        while (_ended < _file.Events.Count)
        {
            try
            {
                await PumpAsync(patience.Answered, progress, cancellation);
            }
            catch (LedgerClientException e) when (e.IsTransient && patience.Allows())
            {
                await patience.WaitAsync(e, cancellation);
            }
        }
        _state.Sync();
        return Summarise(committedBefore);
    }

    private async Task<List<ImportBase>> ReadBaseAsync(CancellationToken cancellation)
    {
        var wanted = _file.Events.Select(e => e.RecordId).ToHashSet(StringComparer.Ordinal);
        var found = new List<ImportBase>();
        await foreach (RecordVersion record in _client.ListRecordsAsync(_type, payloads: false, cancellation))
        {
            if (wanted.Contains(record.State.Record.Id))
                found.Add(new ImportBase(record.State.Record.Id, record.State.Version, record.State.Status == 1));
        }
        return found;
    }

    /// <summary>Replays what earlier runs ended, and lines the rest up by key.</summary>
    private void QueueEvents()
    {
        for (int i = 0; i < _file.Events.Count; i++)
        {
            string id = _file.Events[i].RecordId;
            if (!_keys.TryGetValue(id, out KeyLine? key))
            {
                _state.Base.TryGetValue(id, out ImportBase? before);
                _keys[id] = key = new KeyLine { Version = before?.Version ?? 0 };
            }
            if (_state.Results.TryGetValue(i, out ImportResult? result))
                Count(result, key);
            else if (key.Busy)
                key.Waiting.Enqueue(i);
            else
                MakeReady(i, key);
        }
    }

    private void MakeReady(int index, KeyLine key)
    {
        key.Busy = true;
        _ready.Enqueue(index);
    }

    /// <summary>One stream's life: fill the window, read outcomes, until all has ended or the stream breaks.</summary>
    private async Task PumpAsync(Action alive, Action<ImportProgress>? progress, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using SubmitStream stream = _client.OpenSubmitStream(ending.Token);
        Channel<SubmitStreamResponse> outcomes = Channel.CreateUnbounded<SubmitStreamResponse>();
        Task reading = ReadAsync(stream, outcomes.Writer, ending.Token);
        try
        {
            foreach (InFlight resent in _inFlight.Values.ToList())
                await stream.SendAsync((ulong)resent.Event, resent.Envelope.Bytes, cancellation);
            while (_ended < _file.Events.Count)
            {
                await FillAsync(stream, cancellation);
                progress?.Invoke(new ImportProgress(_file.Events.Count, _ended - _refused, _refused, _inFlight.Count));
                if (_inFlight.Count == 0)
                    continue;
                if (!await outcomes.Reader.WaitToReadAsync(cancellation))
                    await reading; // throws what ended the stream
                while (outcomes.Reader.TryRead(out SubmitStreamResponse? response))
                {
                    alive();
                    await EndAsync(stream, response, cancellation);
                }
                if (reading.IsCompletedSuccessfully && _ended < _file.Events.Count)
                    throw LedgerClientException.StreamEnded();
            }
            progress?.Invoke(new ImportProgress(_file.Events.Count, _ended - _refused, _refused, 0));
        }
        catch (LedgerClientException e) when (e.Reason == LedgerClientException.StreamEndedReason)
        {
            await reading.WaitAsync(cancellation); // a send learns that the stream has ended, the reader why
            throw;
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static async Task ReadAsync(
        SubmitStream stream, ChannelWriter<SubmitStreamResponse> outcomes, CancellationToken cancellation)
    {
        try
        {
            while (await stream.ReadAsync(cancellation) is { } response)
                await outcomes.WriteAsync(response, cancellation);
        }
        finally
        {
            outcomes.TryComplete();
        }
    }

    private async Task FillAsync(SubmitStream stream, CancellationToken cancellation)
    {
        var signed = new List<(int Event, ImportAttempt Attempt)>();
        while (_inFlight.Count + signed.Count < _options.WindowEvents && _ready.TryDequeue(out int index))
        {
            ImportEvent e = _file.Events[index];
            KeyLine key = _keys[e.RecordId];
            if (e.Operation != ImportOperation.Register && key.Version == 0)
            {
                End(new ImportResult(index, null, 0, "UNKNOWN_RECORD",
                    $"Line {e.Line} changes {e.RecordId}, which neither the file nor the ledger has registered before."));
                continue;
            }
            IReadOnlyList<ImportAttempt> attempts = _state.AttemptsOf(index);
            ImportAttempt attempt = attempts.Count > 0 && attempts[^1].ExpiresAtMs > NowMs()
                ? attempts[^1]
                : NextAttempt(index);
            if (attempts.Count == 0 || attempt != attempts[^1])
                _state.Add(attempt);
            signed.Add((index, attempt));
        }
        if (signed.Count == 0)
            return;
        _state.Sync();
        // All are under way before the first is sent: a stream that breaks in between must lose none of them.
        foreach ((int index, ImportAttempt attempt) in signed)
            _inFlight[index] = new InFlight(index, attempt, Sign(index, attempt));
        foreach ((int index, _) in signed)
            await stream.SendAsync((ulong)index, _inFlight[index].Envelope.Bytes, cancellation);
    }

    private async Task EndAsync(SubmitStream stream, SubmitStreamResponse response, CancellationToken cancellation)
    {
        if (!_inFlight.TryGetValue((int)response.Tag, out InFlight? flight))
            return; // an answer to what was sent twice
        TransactionOutcome outcome = response.Outcome;
        if (outcome.Status == TransactionStatus.CommittedDurably)
        {
            EndCommitted(flight.Event, flight.Envelope, outcome);
            return;
        }
        string code = outcome.Rejection?.Code ?? outcome.Status.ToString();
        bool pending = outcome.Status == TransactionStatus.Pending;
        // What a clock calls expired may stay pending for as long as no header comes: signed anew, one of the two commits.
        if (IsExpired(outcome, code) || (flight.Attempt.Attempt > 0 && !pending && !IsFull(code)))
        {
            await SettleAsync(flight, outcome, code, cancellation);
        }
        else if (pending || IsFull(code))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellation);
            await stream.SendAsync(response.Tag, flight.Envelope.Bytes, cancellation);
        }
        else
        {
            End(new ImportResult(flight.Event, null, 0, code, outcome.Rejection?.Message ?? ""));
        }
    }

    /// <summary>
    /// An event that was signed more than once, or expired: one of its signings may have committed, and only one can.
    /// </summary>
    private async Task SettleAsync(InFlight flight, TransactionOutcome outcome, string code, CancellationToken cancellation)
    {
        foreach (ImportAttempt attempt in _state.AttemptsOf(flight.Event))
        {
            SignedEnvelope signed = Sign(flight.Event, attempt);
            GetTransactionResponse? found = await _client.FindTransactionAsync(signed.Id.ToString(), cancellation);
            if (found?.Outcome.Status == TransactionStatus.CommittedDurably)
            {
                EndCommitted(flight.Event, signed, found.Outcome);
                return;
            }
        }
        if (IsExpired(outcome, code))
        {
            _inFlight.Remove(flight.Event);
            _state.Add(NextAttempt(flight.Event)); // what expired by the ledger's clock need not have by this one
            _ready.Enqueue(flight.Event);
        }
        else
        {
            End(new ImportResult(flight.Event, null, 0, code, outcome.Rejection?.Message ?? ""));
        }
    }

    private static bool IsExpired(TransactionOutcome outcome, string code) =>
        code is "EXPIRED" || outcome.Status == TransactionStatus.Expired;

    private static bool IsFull(string code) => code is "POOL_FULL" or "RATE_EXCEEDED" or "NODE_NOT_READY";

    /// <summary>A signing that ends later than the one before it, by whosever clock that expired.</summary>
    private ImportAttempt NextAttempt(int index)
    {
        IReadOnlyList<ImportAttempt> attempts = _state.AttemptsOf(index);
        ulong from = attempts.Count > 0 ? Math.Max(NowMs(), attempts[^1].ExpiresAtMs) : NowMs();
        return new ImportAttempt(index, attempts.Count, from + (ulong)_options.Validity.TotalMilliseconds);
    }

    private void EndCommitted(int index, SignedEnvelope envelope, TransactionOutcome outcome)
    {
        ImportEvent e = _file.Events[index];
        Acknowledged?.Invoke(new ImportAcknowledgement(
            e, envelope, outcome.Height, outcome.Position, _keys[e.RecordId].Version + 1));
        End(new ImportResult(index, envelope.Id.ToString(), outcome.Position, null, null));
    }

    private void End(ImportResult result)
    {
        _inFlight.Remove(result.Event);
        _state.Add(result);
        KeyLine key = _keys[_file.Events[result.Event].RecordId];
        Count(result, key);
        key.Busy = false;
        if (key.Waiting.TryDequeue(out int next))
            MakeReady(next, key);
    }

    private void Count(ImportResult result, KeyLine key)
    {
        _ended++;
        if (result.TransactionId is null)
            _refused++;
        else
            key.Version++;
    }

    private SignedEnvelope Sign(int index, ImportAttempt attempt)
    {
        ImportEvent e = _file.Events[index];
        var change = new RecordChange
        {
            Record = new RecordName { Type = _type, Id = e.RecordId },
            ExpectedVersion = _keys[e.RecordId].Version,
            EffectiveDate = e.EffectiveDate,
            Reason = e.Reason.Length > 0 || e.Operation == ImportOperation.Register
                // The digest, not the name: a file renamed between two runs must give the same bytes.
                ? e.Reason : $"Import of the file {_file.Digest.ToShortString()}, line {e.Line}",
        };
        if (e.Operation != ImportOperation.Annul)
        {
            change.Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = _file.MediaType,
                    Content = UnsafeByteOperations.UnsafeWrap(e.Payload),
                },
            };
        }
        return _factory.Create(
            body =>
            {
                switch (e.Operation)
                {
                    case ImportOperation.Register: body.Register = change; break;
                    case ImportOperation.Amend: body.Amend = change; break;
                    case ImportOperation.Annul: body.Annul = change; break;
                    default: throw new InvalidOperationException($"No such operation: {e.Operation}");
                }
            },
            attempt.ExpiresAtMs, NonceOf(attempt));
    }

    /// <summary>SHA-256(file digest | type | position u32 | attempt u32), cut to 16 bytes.</summary>
    private byte[] NonceOf(ImportAttempt attempt)
    {
        byte[] type = Encoding.ASCII.GetBytes(_type);
        byte[] input = new byte[Digest.Size + type.Length + 8];
        _file.Digest.CopyTo(input);
        type.CopyTo(input.AsSpan(Digest.Size));
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(Digest.Size + type.Length), attempt.Event);
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(Digest.Size + type.Length + 4), attempt.Attempt);
        return Sha256.Hash(input).Span[..Limits.NonceBytes].ToArray();
    }

    private ulong NowMs() => (ulong)_time.GetUtcNow().ToUnixTimeMilliseconds();

    private ImportSummary Summarise(int committedBefore)
    {
        int[] counts = new int[3];
        var refused = new List<ImportResult>();
        foreach (ImportResult result in _state.Results.Values.OrderBy(r => r.Event))
        {
            if (result.TransactionId is null)
                refused.Add(result);
            else
                counts[(int)_file.Events[result.Event].Operation]++;
        }
        return new ImportSummary(counts.Sum(), counts[0], counts[1], counts[2], refused, committedBefore);
    }

    private sealed class KeyLine
    {
        public ulong Version { get; set; }

        public bool Busy { get; set; }

        public Queue<int> Waiting { get; } = new();
    }

    private sealed record InFlight(int Event, ImportAttempt Attempt, SignedEnvelope Envelope);
}
