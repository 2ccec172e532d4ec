using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Grpc.JsonTranscoding;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// Stands before JSON transcoding, which takes bodies of any size, unknown names and names that come twice: two
/// programs would read two things in one request. What passes here is small, strict UTF-8 JSON of a known message.
/// </summary>
/// <remarks>Requests with a body are flat messages; a test holds that, since nested names are not checked here.
/// </remarks>
internal sealed class JsonGate(RequestDelegate next, RpcOptions options, RpcMetrics metrics)
{
    /// <summary>The middleware.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        bool isGrpc = ErrorResponse.IsGrpc(context.Request);
        if (context.GetEndpoint() is not { } endpoint)
        {
            if (!isGrpc)
                await RefuseAsync(context, new Refusal(DoorReason.NoSuchPath, "",
                    $"This node answers to no {Shorten(context.Request.Method)} at this path. docs/API.md lists what there is."));
            else
                await next(context);
            return;
        }
        if (endpoint.Metadata.GetMetadata<GrpcJsonTranscodingMetadata>() is { } method && !isGrpc)
        {
            Refusal? refusal;
            try
            {
                refusal = CheckPath(context.Request, method.MethodDescriptor.InputType)
                    ?? CheckQuery(context.Request, method)
                    ?? (method.HttpRule.Body.Length == 0
                        ? await CheckNoBodyAsync(context)
                        : await CheckBodyAsync(context.Request, method.MethodDescriptor.InputType));
            }
            catch (Exception e) when (context.RequestAborted.IsCancellationRequested
                ? e is IOException or OperationCanceledException
                : e is IOException and not (BadHttpRequestException or { InnerException: OverflowException }))
            {
                // Its time is over, which the gate of the clock says; or the client is gone, and nobody may try to read the rest.
                if (context.Features.Get<RequestClock>()?.Overdue is null)
                    context.Abort();
                return;
            }
            catch (IOException e)
            {
                refusal = Unreadable(context, e);
            }
            if (refusal is not null)
            {
                await RefuseAsync(context, refusal);
                return;
            }
        }
        await next(context);
    }

    private static Refusal? CheckPath(HttpRequest request, MessageDescriptor message)
    {
        foreach ((string name, object? value) in request.RouteValues)
        {
            if (FindField(message, name) is { } field && UrlValues.Check(field, value as string ?? "") is { } refusal)
                return refusal;
        }
        return null;
    }

    private static Refusal? CheckQuery(HttpRequest request, GrpcJsonTranscodingMetadata method)
    {
        var seen = new HashSet<FieldDescriptor>();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Query)
        {
            FieldDescriptor? field = FindField(method.MethodDescriptor.InputType, name);
            if (method.HttpRule.Body.Length > 0 || field is null || request.RouteValues.ContainsKey(field.Name)
                || request.RouteValues.ContainsKey(field.JsonName))
                return new Refusal(DoorReason.UnknownField, name,
                    $"This method does not know a name in the query.{Known(method.MethodDescriptor.InputType)}");
            if (values.Count != 1 || !seen.Add(field))
                return new Refusal(DoorReason.DuplicateField, name, "The query gives a value twice. Give it once.");
            if (UrlValues.Check(field, values[0] ?? "") is { } refusal)
                return refusal;
        }
        return null;
    }

    private static async Task<Refusal?> CheckNoBodyAsync(HttpContext context)
    {
        byte[] one = new byte[1];
        return context.Request.ContentLength is > 0
            || await context.Request.Body.ReadAsync(one, context.RequestAborted) > 0
            ? new Refusal(DoorReason.UnexpectedBody, "", "This method takes no body. Put its fields into path and query.")
            : null;
    }

    private async Task<Refusal?> CheckBodyAsync(HttpRequest request, MessageDescriptor message)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            || request.Headers.ContentEncoding.Count > 0)
            return new Refusal(
                DoorReason.UnsupportedMediaType, "", "The body must be application/json in UTF-8, uncompressed.");

        byte[] buffer = ArrayPool<byte>.Shared.Rent(options.JsonBodyBytesMax + 1);
        byte[] body;
        try
        {
            int length = await request.Body.ReadAtLeastAsync(buffer.AsMemory(0, options.JsonBodyBytesMax + 1),
                options.JsonBodyBytesMax + 1, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
            if (length > options.JsonBodyBytesMax)
                return TooLarge();
            body = buffer[..length];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (CheckJson(body, message, out byte[] canonical) is { } refusal)
            return refusal;
        request.Body = new MemoryStream(canonical, writable: false);
        request.ContentLength = canonical.Length;
        return null;
    }

    /// <summary>Whether the bytes are one strict JSON object of this message; if not, why.</summary>
    /// <param name="canonical">The message written anew: transcoding, which has a parser of its own, reads what was checked here.
    /// </param>
    private Refusal? CheckJson(ReadOnlyMemory<byte> body, MessageDescriptor message, out byte[] canonical)
    {
        canonical = [];
        if (body.IsEmpty)
            return new Refusal(DoorReason.MalformedJson, "", $"The body is empty. A JSON object is expected.{Known(message)}");
        if (!Utf8.IsValid(body.Span))
            return new Refusal(DoorReason.MalformedJson, "", "The body is not UTF-8. Send UTF-8.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions
            {
                MaxDepth = options.JsonDepthMax,
                CommentHandling = JsonCommentHandling.Disallow,
                AllowTrailingCommas = false,
            });
            return CheckNames(document.RootElement, message) ?? CheckValues(body, document.RootElement, message, out canonical);
        }
        catch (JsonException e)
        {
            return new Refusal(DoorReason.MalformedJson, "",
                $"The body is no JSON, or nested deeper than {options.JsonDepthMax}: line {e.LineNumber + 1}, byte "
                + $"{e.BytePositionInLine}.",
                ("line", $"{e.LineNumber + 1}"), ("byte", $"{e.BytePositionInLine}"));
        }
        catch (InvalidOperationException)
        {
            return new Refusal(DoorReason.MalformedJson, "", "The body has half of a UTF-16 surrogate pair in a name.");
        }
    }

    private static Refusal? CheckNames(JsonElement root, MessageDescriptor message)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return new Refusal(DoorReason.NotAnObject, "", $"The body must be a JSON object.{Known(message)}");
        var seen = new HashSet<FieldDescriptor>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (FindField(message, property.Name) is not { } field)
                return new Refusal(DoorReason.UnknownField, property.Name,
                    $"This method does not know a name in the body.{Known(message)}");
            if (!seen.Add(field))
                return new Refusal(DoorReason.DuplicateField, property.Name, "The body gives a value twice. Give it once.");
        }
        return null;
    }

    /// <summary>Reads the values as protobuf's JSON mapping has them, so that a wrong one gets a typed answer.
    /// </summary>
    private static Refusal? CheckValues(ReadOnlyMemory<byte> body, JsonElement root, MessageDescriptor message, out byte[] canonical)
    {
        canonical = [];
        if (Read(Encoding.UTF8.GetString(body.Span), message, out string problem) is { } read)
        {
            canonical = Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(read));
            return null;
        }
        // The parser does not say which value it means; alone, each is what it is among the others.
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (Read($"{{{JsonSerializer.Serialize(property.Name)}:{property.Value.GetRawText()}}}", message, out string itsProblem) is null)
                return new Refusal(DoorReason.InvalidArgument, property.Name, $"The value does not fit the field: {Shorten(itsProblem)}");
        }
        return new Refusal(DoorReason.InvalidArgument, "", $"A value does not fit its field: {Shorten(problem)}");
    }

    private static IMessage? Read(string json, MessageDescriptor message, out string problem)
    {
        problem = "";
        try
        {
            return JsonParser.Default.Parse(json, message);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            problem = e.Message;
            return null;
        }
    }

    private static FieldDescriptor? FindField(MessageDescriptor message, string name)
    {
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
        {
            if (field.JsonName == name || field.Name == name)
                return field;
        }
        return null;
    }

    /// <summary>What a method without its own documentation at hand could have been given.</summary>
    private static string Known(MessageDescriptor message) => message.Fields.InDeclarationOrder() is { Count: > 0 } fields
        ? $" It knows {string.Join(", ", fields.Select(f => f.JsonName))}."
        : " It knows none.";

    /// <summary>What the server found wrong with how a body is sent, before it is JSON or not.</summary>
    private Refusal Unreadable(HttpContext context, IOException e)
    {
        var bad = e as BadHttpRequestException;
        if (bad?.StatusCode == StatusCodes.Status413PayloadTooLarge)
            return TooLarge();
        // Where this body ends and the next request begins, nobody knows.
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        string problem = bad?.Message.TrimEnd('.') ?? "a chunk's size is beyond all bounds";
        return new Refusal(DoorReason.MalformedBody, "", $"The body is not sent as HTTP has it: {problem}. Let an HTTP library send it.")
        {
            HttpStatus = bad?.StatusCode,
        };
    }

    private Refusal TooLarge() => new(
        DoorReason.BodyTooLarge, "",
        $"The body may have at most {options.JsonBodyBytesMax} bytes. Keep large documents outside and put their "
        + "digest on the ledger.",
        ("bytesMax", $"{options.JsonBodyBytesMax}"));

    private Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        metrics.Refused(ErrorStatus.NameOf(refusal.Reason));
        string field = Shorten(refusal.Field);
        Status status = ErrorStatus.Of(refusal.Reason, refusal.Message,
            field.Length > 0 ? [("field", field), .. refusal.Facts] : refusal.Facts);
        if (field.Length > 0)
            ErrorStatus.AddField(status, field, refusal.Message);
        return ErrorResponse.WriteAsync(context, status, refusal.HttpStatus ?? DoorReasons.HttpStatusOf(refusal.Reason));
    }

    /// <summary>Of what a client sent, as much as is said back.</summary>
    internal static string Shorten(string text) => text.Length > 128 ? text[..128] : text;

    /// <summary>Why a request does not pass.</summary>
    internal sealed record Refusal(
        DoorReason Reason, string Field, string Message, params IReadOnlyList<(string Name, string Value)> Facts)
    {
        /// <summary>The server's, where it has a better one than the reason.</summary>
        public int? HttpStatus { get; init; }
    }
}
