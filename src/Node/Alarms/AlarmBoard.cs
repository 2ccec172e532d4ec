using Microsoft.Extensions.Logging;

namespace GovChain.Node.Alarms;

/// <summary>An alarm that is raised.</summary>
/// <param name="Definition">Which.</param>
/// <param name="Subject">Which department or part, where several can have it; else empty.</param>
/// <param name="Text">What is wrong, with the numbers.</param>
/// <param name="Since">When it was raised.</param>
internal sealed record RaisedAlarm(AlarmDefinition Definition, string Subject, string Text, DateTimeOffset Since);

/// <summary>Whom or what an alarm is about, for the log: a field of its own, and in the sentence only where there is one.</summary>
/// <param name="Name">A department or part; empty: nobody in particular.</param>
internal readonly record struct AlarmSubject(string Name) : IFormattable
{
    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>With the format "of": after a word, which an empty one leaves as it is.</summary>
    public string ToString(string? format, IFormatProvider? formatProvider) => format == "of" && Name.Length > 0 ? $" {Name}" : Name;
}

/// <summary>
/// The alarms that are raised now, for status, logs and metrics. Raising is logged once, and again when the text changes,
/// at most every ten seconds; so is clearing. Safe from any thread.
/// </summary>
internal sealed class AlarmBoard(TimeProvider time, ILogger log)
{
    /// <summary>Alarms at a time: each code for each department, and more.</summary>
    private const int EntriesMax = 1_000;

    private static readonly TimeSpan LogAgain = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<(NodeAlarm Code, string Subject), Entry> _raised = [];

    /// <summary>All that are raised, the most serious first.</summary>
    public IReadOnlyList<RaisedAlarm> Raised
    {
        get
        {
            lock (_gate)
            {
                return [.. _raised.Values.Select(static e => e.Alarm)
                    .OrderByDescending(static a => a.Definition.Severity).ThenBy(static a => a.Definition.Code).ThenBy(static a => a.Subject, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>How many are raised of a code.</summary>
    public int CountOf(NodeAlarm code)
    {
        lock (_gate)
            return _raised.Keys.Count(k => k.Code == code);
    }

    /// <summary>Raises or clears, as a condition holds or not.</summary>
    public void Set(NodeAlarm code, bool holds, string subject, Func<string> text)
    {
        if (holds)
            Raise(code, text(), subject);
        else
            Clear(code, subject);
    }

    /// <summary>It is so, or happened once more.</summary>
    public void Raise(NodeAlarm code, string text, string subject = "")
    {
        var definition = AlarmDefinition.Of(code);
        DateTimeOffset now = time.GetUtcNow();
        bool say;
        lock (_gate)
        {
            bool known = _raised.TryGetValue((code, subject), out Entry? entry);
            if (!known && _raised.Count >= EntriesMax)
                return;
            say = !known || (entry!.Alarm.Text != text && definition.Holds is not null && now - entry.Logged >= LogAgain);
            _raised[(code, subject)] = new Entry(
                new RaisedAlarm(definition, subject, text, entry?.Alarm.Since ?? now), Seen: now, Logged: say ? now : entry!.Logged);
        }
        if (say)
            log.AlarmRaised(definition.Severity == AlarmSeverity.Critical ? LogLevel.Error : LogLevel.Warning, definition.Name, new AlarmSubject(subject), text);
    }

    /// <summary>It is so no longer.</summary>
    public void Clear(NodeAlarm code, string subject = "")
    {
        bool cleared;
        lock (_gate)
            cleared = _raised.Remove((code, subject));
        if (cleared)
            log.AlarmCleared(AlarmDefinition.NameOf(code), new AlarmSubject(subject));
    }

    /// <summary>Clears what happened long enough ago.</summary>
    public void Sweep()
    {
        DateTimeOffset now = time.GetUtcNow();
        List<(NodeAlarm, string)> over;
        lock (_gate)
            over = [.. _raised.Where(r => r.Value.Alarm.Definition.Holds is { } holds && now - r.Value.Seen >= holds).Select(static r => r.Key)];
        foreach ((NodeAlarm code, string subject) in over)
            Clear(code, subject);
    }

    private sealed record Entry(RaisedAlarm Alarm, DateTimeOffset Seen, DateTimeOffset Logged);
}
